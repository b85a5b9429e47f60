// What a plan is made from, and the steps that it consists of.

import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import type { CloudRange, CloudVm } from "../one/listings.ts";

/** What is known when the plan is made. */
export type View = {
  readonly cloud: string;
  readonly projectId: string;
  /** All flexible IPs of the project. */
  readonly flexibleIps: readonly FlexibleIp[];
  readonly ranges: readonly CloudRange[];
  readonly vms: readonly CloudVm[];
  /** The server of each host, by the host's name in OpenNebula; a host that is missing is not judged. */
  readonly servers: ReadonlyMap<string, string>;
  /** The hosts whose server is not known: what is attached to a strange server may be on one of them. */
  readonly unknownHosts?: readonly string[];
  /** Intents of the journal, of processes that are gone and of those at work. */
  readonly deadIntents: readonly string[];
  readonly liveIntents: readonly string[];
  /** By the API's clock. What changed less than `graceMs` before may be another run's work under way. */
  readonly now: Date;
  readonly graceMs: number;
};

/** What applying a step does; none: only a person can fix it. */
export type Remedy =
  | { readonly do: "undo-registration"; readonly intent: string }
  | { readonly do: "delete"; readonly flexibleIp: FlexibleIp }
  | { readonly do: "detach"; readonly flexibleIps: readonly FlexibleIp[] }
  | { readonly do: "restore-tags" | "remove-tags"; readonly flexibleIp: FlexibleIp; readonly tags: readonly string[] }
  | {
      readonly do: "attach" | "move";
      readonly flexibleIps: readonly FlexibleIp[];
      readonly serverId: string;
      /** Those of NIC aliases, which share the virtual MAC of the first of `flexibleIps`. */
      readonly aliases?: readonly FlexibleIp[];
    }
  | { readonly do: "none" };

export const STEP_KINDS = [
  "open-intent",
  "not-attached",
  "wrong-server",
  "left-attached",
  "stale-lease",
  "missing",
  "recycled",
  "wrong-mac",
  "lost-tags",
  "other-cloud",
  "bad-status",
  "shared",
  "same-name",
  "orphan",
  "left-adopted",
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export type Step = {
  readonly kind: StepKind;
  /** Names the step among those of its plan, and the same finding in a later plan. */
  readonly key: string;
  /** Undefined: about no single address. */
  readonly address: string | undefined;
  readonly reason: string;
  readonly remedy: Remedy;
  /** Whether --apply applies it without its key: it takes nothing from any guest, whatever OpenNebula does not show. */
  readonly isSafe: boolean;
};

export type Finding = (kind: StepKind, reason: string, remedy?: Remedy) => Step;

const SAFE: ReadonlySet<Remedy["do"]> = new Set(["attach", "restore-tags", "undo-registration"]);

/** Makes the findings about one address; `where` begins each reason. */
export function finder(address: string, where: string): Finding {
  return (kind, reason, remedy = { do: "none" }) => ({
    kind,
    key: `${kind}:${address}`,
    address,
    reason: `${where}: ${reason}`,
    remedy,
    isSafe: SAFE.has(remedy.do),
  });
}
