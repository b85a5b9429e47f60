// The one judgement on a flexible IP: may the range or NIC that names it use it? Pure.
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { cloudOf, isBorrower, isIntended, isOfOtherIntent } from "./ownership.ts";

/** What a range or NIC that names the flexible IP expects of it. Anything left out is not compared. */
export type Expected = {
  readonly cloud: string;
  readonly projectId: string;
  /** The virtual MAC that the range gives its guests. */
  readonly mac?: string | undefined;
  /** The intent that the range was registered with. */
  readonly intent?: string | undefined;
  /** This driver did not make the range, so a flexible IP that a range of ours holds is not its own. */
  readonly isHandWritten?: boolean | undefined;
};

/** `untagged`: as expected in every other respect, but without the tags of any cloud. */
export type Standing = {
  readonly is:
    | "ours"
    | "untagged"
    | "other-cloud"
    | "other-project"
    | "recycled"
    | "wrong-mac"
    | "no-mac"
    | "bad-status";
  /** The judgement as the start of a message: the flexible IP, and what is the matter with it. */
  readonly words: string;
  /** The next move of an operator; none for what is ours. */
  readonly move: string | undefined;
};

/** Compares a flexible IP with what is expected of it. The first difference, the gravest, is the judgement. */
export function standingOf(flexibleIp: FlexibleIp, expected: Expected): Standing {
  const { is, what, move } = ownership(flexibleIp, expected) ?? fitness(flexibleIp, expected) ?? tags(flexibleIp);
  return { is, words: `${nameOf(flexibleIp)} ${what}`, move };
}

type Judgement = { readonly is: Standing["is"]; readonly what: string; readonly move: string | undefined };

function ownership(
  flexibleIp: FlexibleIp,
  { projectId, cloud, intent, isHandWritten }: Expected,
): Judgement | undefined {
  if (flexibleIp.projectId !== projectId) {
    const what = `belongs to project ${flexibleIp.projectId}, not to ${projectId}`;
    return { is: "other-project", what, move: "correct PROJECT_ID or remove the address range" };
  }
  const holder = cloudOf(flexibleIp);
  if (holder !== undefined && holder !== cloud) {
    const what = `belongs to cloud ${holder}, not to ${cloud}`;
    return { is: "other-cloud", what, move: "correct CLOUD or remove the address range" };
  }
  const isAnothers = isOfOtherIntent(flexibleIp, intent) || (isHandWritten && isIntended(flexibleIp));
  if (!isAnothers) return undefined;
  return { is: "recycled", what: "belongs to another address range", move: "remove this address range" };
}

function fitness(flexibleIp: FlexibleIp, { mac }: Expected): Judgement | undefined {
  const move = "remove its address range and add it again";
  if (mac !== undefined && flexibleIp.mac === undefined) {
    if (!isBorrower(flexibleIp)) return { is: "no-mac", what: `has no virtual MAC, but its guest has ${mac}`, move };
    return {
      is: "no-mac",
      what: "gave up its virtual MAC to serve as a NIC alias",
      move: `use it for aliases, or ${move}`,
    };
  }
  if (mac !== undefined && flexibleIp.mac !== mac) {
    return { is: "wrong-mac", what: `has virtual MAC ${flexibleIp.mac}, but its guest has ${mac}`, move };
  }
  if (flexibleIp.status !== "error" && flexibleIp.status !== "locked") return undefined;
  return { is: "bad-status", what: `has status ${flexibleIp.status}`, move: "look it up in the Scaleway console" };
}

function tags(flexibleIp: FlexibleIp): Judgement {
  if (cloudOf(flexibleIp) !== undefined) return { is: "ours", what: "is as expected", move: undefined };
  return { is: "untagged", what: "does not have the tags of this driver", move: "run scw-flexip reconcile" };
}
