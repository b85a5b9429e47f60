// What is wrong with a range: its flexible IPs, or where they are attached. Pure.

import { cloudOf, foreignTags, isBorrower, isLender, ownershipTags } from "../../flexible-ip/ownership.ts";
import { type FlexibleIp, isSettling, nameOf } from "../../scaleway/flexible-ip.ts";
import type { CloudVm, Holder } from "../one/listings.ts";
import { isYoung, type RangeState } from "./range-state.ts";
import { type Finding, finder, type Step, type View } from "./step.ts";

/** All that is wrong with the range's flexible IPs; if nothing is, what is wrong with their servers. */
export function rangeFindings(view: View, states: readonly RangeState[], state: RangeState): Step[] {
  const { range, flexibleIps, missing, recycled } = state;
  const where = `range ${range.arId} of network ${range.network}`;
  const finding = finder(range.ip, where);
  const steps = missing.map((address) =>
    finding("missing", `no flexible IP ${address} in the project; remove the range and add a new one`),
  );
  for (const address of recycled) {
    steps.push(
      finding(
        "recycled",
        `flexible IP ${address} was given back and bought again for another range; remove this range`,
      ),
    );
  }
  for (const flexibleIp of flexibleIps) steps.push(...ofFlexibleIp(view, state, flexibleIp, finding));
  return steps.length > 0 ? steps : placing(view, states, state, finding);
}

function ofFlexibleIp(view: View, { range }: RangeState, flexibleIp: FlexibleIp, finding: Finding): Step[] {
  const cloud = cloudOf(flexibleIp);
  if (cloud === undefined) {
    // The tags told whether it was created or adopted. Adopted is the safe answer: it is never deleted.
    const tags = [...foreignTags(flexibleIp), ...ownershipTags(view.cloud, "adopted", range.intent)];
    return [finding("lost-tags", "its tags were taken away", { do: "restore-tags", flexibleIp, tags })];
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

/** Whether the address is where its lease needs it. Nothing is judged while anything is in transition. */
function placing(
  view: View,
  states: readonly RangeState[],
  { range: { holder }, flexibleIps }: RangeState,
  finding: Finding,
): Step[] {
  if (flexibleIps.some((one) => isSettling(one) || isYoung(view, one))) return [];
  const vm = holder?.kind === "vm" ? view.vms.find(({ id }) => id === holder.id) : undefined;
  if (holder?.kind === "vm" && vm === undefined) {
    return [finding("stale-lease", `leased to VM ${holder.id}, which OpenNebula does not have; see onedb fsck`)];
  }
  const idle = idleUse(holder, vm);
  if (idle !== undefined) {
    const attached = flexibleIps.filter(({ serverId }) => serverId !== undefined);
    if (attached.length === 0) return [];
    const reason = `${idle}, but attached to server ${attached[0]?.serverId}`;
    return [finding("left-attached", reason, { do: "detach", flexibleIps: attached })];
  }
  const serverId = vm?.state === "running" ? view.servers.get(vm.host) : undefined;
  return vm === undefined || serverId === undefined ? [] : ofGuest(states, vm, serverId, flexibleIps, finding);
}

/** Whether the addresses are on the server of the running guest, with a virtual MAC. */
function ofGuest(
  states: readonly RangeState[],
  vm: CloudVm,
  serverId: string,
  flexibleIps: readonly FlexibleIp[],
  finding: Finding,
): Step[] {
  const isElsewhere = (one: FlexibleIp): boolean => one.serverId !== undefined && one.serverId !== serverId;
  const isHere = flexibleIps.every((one) => one.serverId === serverId);
  const [first] = flexibleIps;
  const bare = flexibleIps.find(({ mac }) => mac === undefined);
  if (first === undefined || (isHere && bare === undefined)) return [];
  const elsewhere = flexibleIps.find(isElsewhere);
  const kind = isHere ? "wrong-mac" : elsewhere === undefined ? "not-attached" : "wrong-server";
  const place = elsewhere === undefined ? "attached nowhere" : `on ${elsewhere.serverId}`;
  const reason =
    isHere && bare !== undefined
      ? `${nameOf(bare)} does not share the NIC's virtual MAC`
      : `VM ${vm.id} runs on host ${vm.host} (server ${serverId}), the address is ${place}`;
  const nics = nicsOf(states, vm);
  const own = isBorrower(first) ? nics.lender : flexibleIps;
  if (own === undefined) {
    return [finding(kind, `${reason}; which NIC the alias belongs to is not known here: ${ATTACH_AGAIN}`)];
  }
  // The step that brings the NIC's own addresses to the guest brings its aliases too.
  if (own !== flexibleIps && own.some((one) => one.serverId !== serverId)) return [];
  const aliases = own === flexibleIps ? (own === nics.lender ? nics.aliases : []) : flexibleIps;
  const action = [...own, ...aliases].some(isElsewhere) ? "move" : "attach";
  const remedy = { do: action, flexibleIps: own, serverId, ...(aliases.length > 0 && { aliases }) } as const;
  return [finding(kind, reason, remedy)];
}

/** Why no guest can be using the address right now; undefined when one may. */
function idleUse(holder: Holder | undefined, vm: CloudVm | undefined): string | undefined {
  if (holder === undefined) return "free";
  if (holder.kind === "hold") return "on hold";
  return vm?.state === "off" ? `leased to VM ${vm.id}, which is off` : undefined;
}

const ATTACH_AGAIN = "detach the alias and attach it again";

/** The flexible IPs of the one NIC of the VM that has aliases, and those of the aliases; none where several NICs do. */
function nicsOf(
  states: readonly RangeState[],
  vm: CloudVm,
): { readonly lender: readonly FlexibleIp[] | undefined; readonly aliases: readonly FlexibleIp[] } {
  const held = states.filter(({ range: { holder } }) => holder?.kind === "vm" && holder.id === vm.id);
  const [lender, ...others] = held.filter(
    ({ flexibleIps: [owner] }) => owner !== undefined && isLender(owner) && !isBorrower(owner),
  );
  if (lender === undefined || others.length > 0) return { lender: undefined, aliases: [] };
  // The IPv6 address of a dual-stack alias never had a virtual MAC to give up, so nothing marks it.
  const aliases = held
    .map(({ flexibleIps }) => flexibleIps)
    .filter(([owner]) => owner !== undefined && isBorrower(owner));
  return { lender: lender.flexibleIps, aliases: aliases.flat() };
}
