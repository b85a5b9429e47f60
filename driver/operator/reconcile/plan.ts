// Where OpenNebula, Scaleway and the journal differ, and the steps that would fix it. Pure.

import { cloudOf, foreignTags, hasIntent, originOf } from "../../flexible-ip/ownership.ts";
import { type FlexibleIp, isSettling, nameOf } from "../../scaleway/flexible-ip.ts";
import { rangeFindings } from "./range-findings.ts";
import { isYoung, type RangeState, rangeStates } from "./range-state.ts";
import { finder, type Step, type View } from "./step.ts";

/** All steps, those that fix a guest's network first. */
export function plan(view: View): Step[] {
  const states = rangeStates(view);
  const held = new Set(states.flatMap(({ flexibleIps }) => flexibleIps.map(({ id }) => id)));
  const unheld = view.flexibleIps.filter((flexibleIp) => !held.has(flexibleIp.id) && isLeftOver(view, flexibleIp));
  return [
    ...view.deadIntents.map(openIntent),
    ...states.flatMap((state) => rangeFindings(view, states, state)),
    ...shared(states),
    ...sameName(view, unheld),
    ...unheld.map(inNoRange),
  ];
}

/** The steps that the plan leaves out because their address changed a moment ago. */
export function tooYoung(view: View): Step[] {
  const keys = new Set(plan(view).map(({ key }) => key));
  return plan({ ...view, graceMs: 0 }).filter(({ key }) => !keys.has(key));
}

function openIntent(intent: string): Step {
  return {
    kind: "open-intent",
    key: `open-intent:${intent}`,
    address: undefined,
    reason: "a registration was cut short; what it obtained is in no range",
    remedy: { do: "undo-registration", intent },
    isSafe: true,
  };
}

function shared(states: readonly RangeState[]): Step[] {
  const byId = Map.groupBy(
    states.flatMap(({ range, flexibleIps }) => flexibleIps.map((flexibleIp) => ({ range, flexibleIp }))),
    ({ flexibleIp }) => flexibleIp.id,
  );
  return [...byId.values()].flatMap((users) => {
    const [one, two] = users;
    if (one === undefined || two === undefined) return [];
    const where = users.map(({ range }) => `${range.arId} of ${range.network}`).join(" and ");
    return [finder(one.range.ip, nameOf(one.flexibleIp))("shared", `in ranges ${where}; remove one of them`)];
  });
}

/** Whether a flexible IP that no range has carries our tags and nothing is at work on it. */
function isLeftOver(view: View, flexibleIp: FlexibleIp): boolean {
  if (cloudOf(flexibleIp) !== view.cloud) return false;
  // Flexible IPs of dead intents have a step of their own.
  const isUnderWay = [...view.liveIntents, ...view.deadIntents].some((intent) => hasIntent(flexibleIp, intent));
  return !(isUnderWay || isYoung(view, flexibleIp) || isSettling(flexibleIp));
}

/**
 * Another OpenNebula with our CLOUD attaches its addresses to servers that are no hosts of ours. While a host's server is
 * not known, the addresses may be there; nothing is taken away in either case.
 */
function sameName(view: View, unheld: readonly FlexibleIp[]): Step[] {
  const unknown = unheld.filter((flexibleIp) => isOnUnknownServer(view, flexibleIp));
  if (unknown.length === 0) return [];
  const addresses = unknown.map(({ address }) => address).join(", ");
  const hosts = view.unknownHosts?.join(" ") ?? "";
  const cause =
    hosts === ""
      ? `another one may use CLOUD="${view.cloud}" in this project, give each its own`
      : `the server of ${hosts} is not known yet, run scw-flexip install --hosts ${hosts} and look again`;
  return [
    {
      kind: "same-name",
      key: `same-name:${view.cloud}`,
      address: undefined,
      reason: `${addresses}: in no range here, but attached to servers that are not known as hosts of this OpenNebula; ${cause}`,
      remedy: { do: "none" },
      isSafe: false,
    },
  ];
}

function inNoRange(flexibleIp: FlexibleIp): Step {
  const finding = finder(flexibleIp.address, nameOf(flexibleIp));
  const attached = flexibleIp.serverId === undefined ? "" : `, attached to server ${flexibleIp.serverId}`;
  if (originOf(flexibleIp) === "adopted") {
    const remedy = { do: "remove-tags", flexibleIp, tags: foreignTags(flexibleIp) } as const;
    return finding(
      "left-adopted",
      `was adopted for a range that is gone${attached}; it stays yours without our tags`,
      remedy,
    );
  }
  return finding("orphan", `is paid for each month and in no range${attached}`, { do: "delete", flexibleIp });
}

/** Whether the flexible IP is attached to a server that is no host of this cloud, as far as its hosts are known. */
function isOnUnknownServer({ servers }: View, { serverId }: FlexibleIp): boolean {
  return serverId !== undefined && ![...servers.values()].includes(serverId);
}
