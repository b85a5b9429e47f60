// OpenNebula's answers: our networks, and whether this front-end leads.
import { reasonOf } from "../../errors.ts";
import { type Element, textOf } from "../../opennebula/xml.ts";
import { NAME } from "../layout.ts";
import { leadershipOf } from "../one/leader.ts";
import { listNetworks, type Network } from "../one/networks.ts";
import type { Operator } from "../operator.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { hookDrivers } from "./tree.ts";

/** The networks that have ranges of ours. */
export async function checkNetworks(
  operator: Operator,
): Promise<{ readonly networks: readonly Network[]; readonly findings: readonly Finding[] }> {
  let all: Network[];
  try {
    all = await listNetworks(operator);
  } catch (error) {
    return { networks: [], findings: [failure("opennebula", reasonOf(error), "sudo -u oneadmin onevnet list")] };
  }
  const networks = all.filter((network) => ourRanges(network).length > 0);
  const drivers = hookDrivers(operator.layout.remotes);
  const odd = networks.filter(({ driver }) => !drivers.includes(driver)).map(oddNetwork);
  const fine = ok("networks", `our networks run the hooks for ${drivers.join(", ")}`);
  const count = networks.flatMap(ourRanges).length;
  const answers = ok("opennebula", `answers; ranges of ${NAME}: ${count}, in networks: ${networks.length}`);
  return { networks, findings: [answers, ...(odd.length === 0 ? [fine] : odd)] };
}

export function ourRanges({ ranges }: Network): Element[] {
  return ranges.filter((range) => textOf(range, "IPAM_MAD") === NAME);
}

function oddNetwork({ id, name, driver }: Network): Finding {
  const why = `${name} has VN_MAD ${driver}, which runs none of our hooks`;
  if (driver === "fw") return warning("networks", why, "scw-flexip install --frontend --fw --sync", name);
  // The pipe must be oneadmin's too, or it may not open /dev/stdin.
  const update = `echo 'VN_MAD=\\"bridge\\"' | onevnet update ${id} -a /dev/stdin`;
  return warning("networks", why, `sudo -u oneadmin sh -c "${update}"`, name);
}

/** A follower is well too: what changes addresses is run on the leader. */
export async function checkLeader(operator: Operator): Promise<Finding> {
  const leadership = await leadershipOf(operator);
  switch (leadership.role) {
    case "solo":
      return ok("leader", "this is the only front-end", "solo");
    case "leader":
      return ok("leader", "this front-end leads", "leader");
    case "follower":
      return ok("leader", `${leadership.why}: run reconcile and range there`, "follower");
    case "unknown":
      return warning("leader", leadership.why, "sudo -u oneadmin onezone show 0", "unknown");
  }
}
