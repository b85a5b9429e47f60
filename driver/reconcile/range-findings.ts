// What is wrong with an address of a range: its flexible IP, or where that is. Pure.
import { type FlexibleIp, isSettling, nameOf } from "../scaleway/flexible-ip.ts";
import { cloudOf, foreignTags, isBorrower, originOf, ownershipTags } from "../scaleway/ownership.ts";
import { isYoung, type RangeState } from "./range-state.ts";
import { type Finding, finder, type Step, type View } from "./step.ts";

/** All that is wrong with the range's flexible IPs, or else with their place. */
export function rangeFindings(view: View, state: RangeState): Step[] {
  const { range, flexibleIps, missing, recycled } = state;
  const where = `range ${range.arId} of network ${range.network}`;
  const finding = finder(range.ip, where);
  const steps = missing.map((address) =>
    finding("missing", `no flexible IP ${address} in the project; remove the range and add a new one`),
  );
  for (const address of recycled) {
    steps.push(finding("recycled", `another registration obtained flexible IP ${address} since; remove the range`));
  }
  for (const flexibleIp of flexibleIps) steps.push(...ofFlexibleIp(view, state, flexibleIp, finding));
  return steps.length > 0 ? steps : placing(view, state, finding);
}

function ofFlexibleIp(view: View, { range }: RangeState, flexibleIp: FlexibleIp, finding: Finding): Step[] {
  const cloud = cloudOf(flexibleIp);
  if (cloud === undefined) {
    // Whether it was created or adopted is gone with the tags; an adopted one is never deleted.
    const tags = [...foreignTags(flexibleIp), ...ownershipTags(view.cloud, "adopted", range.intent)];
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
    // A machine that is no host of this cloud may use an adopted address on purpose.
    const hosts = new Set<string | null>(view.servers.values());
    const isLeftOver = attached.every((one) => originOf(one) === "created" || hosts.has(one.serverId));
    return [finding("left-attached", reason, { do: "detach", flexibleIps: attached }, isLeftOver)];
  }
  const vm = holder.kind === "vm" ? view.vms.find(({ id }) => id === holder.id) : undefined;
  const serverId = vm?.state === "running" ? view.servers.get(vm.host) : undefined;
  if (vm === undefined || serverId === undefined) return [];
  if (flexibleIps.every((flexibleIp) => flexibleIp.serverId === serverId)) {
    return withoutMac(flexibleIps, serverId, finding);
  }
  const guest = `VM ${vm.id} runs on host ${vm.host} (server ${serverId})`;
  const kind = attached.length > 0 ? "wrong-server" : "not-attached";
  const place = attached.length > 0 ? `on ${attached[0]?.serverId}` : "attached nowhere";
  if (isBorrower(first)) {
    return [finding(kind, `${guest}, the address of its NIC alias is ${place}; detach the alias and attach it again`)];
  }
  const remedy = { do: attached.length > 0 ? "move" : "attach", flexibleIps, serverId } as const;
  return [finding(kind, `${guest}, the address is ${place}`, remedy, kind === "not-attached")];
}

/** Attached to the right server, but a run died before it gave the NIC's virtual MAC to what shares it. */
function withoutMac(flexibleIps: readonly FlexibleIp[], serverId: string, finding: Finding): Step[] {
  const bare = flexibleIps.find(({ mac }) => mac === null);
  const [first] = flexibleIps;
  if (bare === undefined || first === undefined) return [];
  if (isBorrower(first)) {
    return [
      finding("wrong-mac", "the address of a NIC alias has no virtual MAC; detach the alias and attach it again"),
    ];
  }
  const reason = `${nameOf(bare)} does not share the NIC's virtual MAC`;
  return [finding("wrong-mac", reason, { do: "attach", flexibleIps, serverId }, true)];
}
