// What is not as it should be between OpenNebula, Scaleway and the journal, and what would mend it. Pure.

import { cloudOf, foreignTags, hasIntent, originOf } from "../../flexible-ip/ownership.ts";
import { type FlexibleIp, isSettling, nameOf } from "../../scaleway/flexible-ip.ts";
import { rangeFindings } from "./range-findings.ts";
import { isYoung, type RangeState, rangeStates } from "./range-state.ts";
import { finder, type Step, type View } from "./step.ts";

/** All findings, those that mend a guest's network first. */
export function plan(view: View): Step[] {
  const states = rangeStates(view);
  const held = new Set(states.flatMap(({ flexibleIps }) => flexibleIps.map(({ id }) => id)));
  return [
    ...view.deadIntents.map(openIntent),
    ...states.flatMap((state) => rangeFindings(view, states, state)),
    ...shared(states),
    ...view.flexibleIps.filter(({ id }) => !held.has(id)).flatMap((flexibleIp) => unheld(view, flexibleIp)),
  ];
}

function openIntent(intent: string): Step {
  return {
    kind: "open-intent",
    key: `open-intent:${intent}`,
    address: "-",
    reason: "a registration died half-way; what it obtained is in no range",
    remedy: { do: "undo-intent", intent },
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

/** A flexible IP that carries our tags and that no range has. */
function unheld(view: View, flexibleIp: FlexibleIp): Step[] {
  if (cloudOf(flexibleIp) !== view.cloud) return [];
  // Those of dead intents are told, and given back, as such.
  const isUnderWay = [...view.liveIntents, ...view.deadIntents].some((intent) => hasIntent(flexibleIp, intent));
  if (isUnderWay || isYoung(view, flexibleIp) || isSettling(flexibleIp)) return [];
  const finding = finder(flexibleIp.address, nameOf(flexibleIp));
  if (originOf(flexibleIp) === "adopted") {
    const remedy = { do: "set-tags", flexibleIp, tags: foreignTags(flexibleIp) } as const;
    return [
      finding("left-adopted", "was adopted for a range that is gone; it stays yours without our tags", remedy, true),
    ];
  }
  const attached = flexibleIp.serverId === null ? "" : `, attached to server ${flexibleIp.serverId}`;
  return [finding("orphan", `is paid for each month and in no range${attached}`, { do: "delete", flexibleIp })];
}
