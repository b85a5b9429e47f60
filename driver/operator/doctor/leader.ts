// Whether this front-end's OpenNebula is the one whose word counts.
import { leadershipOf } from "../one/leader.ts";
import type { Operator } from "../operator.ts";
import { type Finding, ok, warning } from "./finding.ts";

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
