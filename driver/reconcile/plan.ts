// What is not as it should be between OpenNebula, Scaleway and the journal, and what would mend it. Pure.
import type { CloudRange, CloudVm } from "../opennebula/cloud.ts";
import { type FlexibleIp, isSettling, nameOf } from "../scaleway/flexible-ip.ts";
import { cloudOf, foreignTags, isBorrower, originOf } from "../scaleway/ownership.ts";
import { isYoung, type RangeState, rangeStates } from "./range-state.ts";

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
  /** Intents of processes that are gone, and owed detaches by flexible IP id, from the journal. */
  readonly deadIntents: readonly string[];
  readonly liveIntents: readonly string[];
  readonly owedDetaches: readonly string[];
  /** By the API's clock. What changed less than `graceMs` before may be another run's work under way. */
  readonly now: Date;
  readonly graceMs: number;
};

/** What a step does; none: a person has to. */
export type Remedy =
  | { readonly do: "undo-intent"; readonly intent: string }
  | { readonly do: "forget-owed"; readonly id: string }
  | { readonly do: "delete"; readonly flexibleIp: FlexibleIp }
  | { readonly do: "detach"; readonly flexibleIps: readonly FlexibleIp[] }
  | { readonly do: "set-tags"; readonly flexibleIp: FlexibleIp; readonly tags: readonly string[] }
  | { readonly do: "attach" | "move"; readonly flexibleIps: readonly FlexibleIp[]; readonly serverId: string }
  | { readonly do: "none" };

export type StepKind =
  | "open-intent"
  | "owed-detach"
  | "orphan"
  | "left-adopted"
  | "missing"
  | "not-attached"
  | "wrong-server"
  | "left-attached"
  | "wrong-mac"
  | "lost-tags"
  | "other-cloud"
  | "bad-status"
  | "shared";

export type Step = {
  readonly kind: StepKind;
  /** Names the step among those of its plan, and the same finding in a later plan. */
  readonly key: string;
  readonly address: string;
  readonly reason: string;
  readonly remedy: Remedy;
  /** Whether it can be applied without being named: it takes nothing from any guest, whatever OpenNebula left out. */
  readonly isSafe: boolean;
};

/** All findings, those that mend a guest's network first. */
export function plan(view: View): Step[] {
  const states = rangeStates(view);
  const held = new Set(states.flatMap(({ flexibleIps }) => flexibleIps.map(({ id }) => id)));
  return [
    ...view.deadIntents.map(openIntent),
    ...states.flatMap((state) => ofRange(view, state)),
    ...shared(states),
    ...view.flexibleIps.filter(({ id }) => !held.has(id)).flatMap((flexibleIp) => unheld(view, flexibleIp)),
    ...owed(view, states),
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

function ofRange(view: View, state: RangeState): Step[] {
  const { range, flexibleIps, missing } = state;
  const where = `range ${range.arId} of network ${range.network}`;
  const finding = finder(range.ip, where);
  const steps = missing.map((address) =>
    finding("missing", `no flexible IP ${address} in the project; remove the range and add a new one`),
  );
  for (const flexibleIp of flexibleIps) steps.push(...ofFlexibleIp(view, state, flexibleIp, finding));
  return steps.length > 0 ? steps : placing(view, state, finding);
}

type Finding = (kind: StepKind, reason: string, remedy?: Remedy, isSafe?: boolean) => Step;

function finder(address: string, where: string): Finding {
  return (kind, reason, remedy = { do: "none" }, isSafe = false) => ({
    kind,
    key: `${kind}:${address}`,
    address,
    reason: `${where}: ${reason}`,
    remedy,
    isSafe,
  });
}

function ofFlexibleIp(view: View, { range }: RangeState, flexibleIp: FlexibleIp, finding: Finding): Step[] {
  const cloud = cloudOf(flexibleIp);
  if (cloud === undefined) {
    // Whether it was created or adopted is gone with the tags; an adopted one is never deleted.
    const tags = [...foreignTags(flexibleIp), "scw-flexip", `scw-flexip:cloud=${view.cloud}`, "scw-flexip:adopted"];
    return [finding("lost-tags", "its tags were taken away", { do: "set-tags", flexibleIp, tags }, true)];
  }
  if (cloud !== view.cloud) return [finding("other-cloud", `its flexible IP is held by cloud ${cloud}`)];
  if (flexibleIp.status === "error" || flexibleIp.status === "locked") {
    return [
      finding("bad-status", `its flexible IP has status ${flexibleIp.status}; look it up in the Scaleway console`),
    ];
  }
  if (flexibleIp.isIpv6 || flexibleIp.mac === range.mac || isBorrower(flexibleIp)) return [];
  return [
    finding(
      "wrong-mac",
      `its virtual MAC is ${flexibleIp.mac ?? "gone"}, guests have ${range.mac}; remove the range and add it again`,
    ),
  ];
}

/** Whether the address is where its lease wants it. Nothing follows while anything is on its way. */
function placing(view: View, { range, flexibleIps }: RangeState, finding: Finding): Step[] {
  const first = flexibleIps[0];
  if (first === undefined || flexibleIps.some((one) => isSettling(one) || isYoung(view, one))) return [];
  const attached = flexibleIps.filter(({ serverId }) => serverId !== null);
  const { holder } = range;
  if (holder === undefined) {
    if (attached.length === 0) return [];
    const reason = `free, but attached to server ${attached[0]?.serverId}`;
    return [finding("left-attached", reason, { do: "detach", flexibleIps: attached }, true)];
  }
  const vm = holder.kind === "vm" ? view.vms.find(({ id }) => id === holder.id) : undefined;
  const serverId = vm?.state === "running" ? view.servers.get(vm.host) : undefined;
  if (vm === undefined || serverId === undefined) return [];
  if (flexibleIps.every((flexibleIp) => flexibleIp.serverId === serverId)) return [];
  const guest = `VM ${vm.id} runs on host ${vm.host} (server ${serverId})`;
  const kind = attached.length > 0 ? "wrong-server" : "not-attached";
  const place = attached.length > 0 ? `on ${attached[0]?.serverId}` : "attached nowhere";
  if (isBorrower(first)) {
    return [finding(kind, `${guest}, the address of its NIC alias is ${place}; detach the alias and attach it again`)];
  }
  const remedy = { do: attached.length > 0 ? "move" : "attach", flexibleIps, serverId } as const;
  return [finding(kind, `${guest}, the address is ${place}`, remedy, kind === "not-attached")];
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
  const isUnderWay = view.liveIntents.some((intent) => flexibleIp.tags.includes(`scw-flexip:intent=${intent}`));
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

function owed(view: View, states: readonly RangeState[]): Step[] {
  return view.owedDetaches.flatMap((id) => {
    const state = states.find(({ flexibleIps }) => flexibleIps.some((flexibleIp) => flexibleIp.id === id));
    const flexibleIp = state?.flexibleIps.find((candidate) => candidate.id === id);
    const isOwed = flexibleIp !== undefined && flexibleIp.serverId !== null && state?.range.holder === undefined;
    // Still to be detached: left-attached says so. Otherwise somebody else did it, or the address has a new lease.
    if (isOwed) return [];
    return [
      {
        kind: "owed-detach",
        key: `owed-detach:${id}`,
        address: flexibleIp?.address ?? "-",
        reason: "a detach owed since a lease ended is no longer needed",
        remedy: { do: "forget-owed", id },
        isSafe: true,
      } as const,
    ];
  });
}
