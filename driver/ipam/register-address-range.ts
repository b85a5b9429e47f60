import { isIPv4 } from "node:net";
import { firstHost, isAddressOf } from "../addresses.ts";
import { InputError, messageOf } from "../errors.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { templateOf } from "../opennebula/template.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { thisProcess } from "../state/process-identity.ts";
import { FLEXIBLE_IP_ID, FLEXIBLE_IP6_ID, INTENT, type NewRange, newRange } from "./address-range.ts";
import { adopt, create, dropSurplus, ensureMac, findAdoptee, refuseRival, type Wanted } from "./obtain.ts";
import type { Ports } from "./ports.ts";
import { recover, undoIntent } from "./recover.ts";

/**
 * Obtains the range's flexible IP and its virtual MAC, and answers the range as oned is to store it. oned reads only an
 * IP inside the range from a lease, and takes the guest's MAC from the range: both have to be known now.
 */
export async function registerAddressRange(ports: Ports, request: IpamRequest): Promise<void> {
  const range = newRange(request.addressRange);
  // What cannot be written back is refused before anything is paid for.
  templateOf("AR", [["IPAM_MAD", ipamMad(range)], ...kept(range)]);
  await recover(ports);
  const wants: Wanted[] = [
    { isIpv6: false, id: range.flexibleIpId, address: range.ip },
    ...(range.isDualStack ? [{ isIpv6: true, id: range.flexibleIp6Id, address: range.ip6 }] : []),
  ];
  const adoptees = await Promise.all(wants.map((wanted) => findAdoptee(ports, wanted)));
  const intent = await openIntent(ports, adoptees);
  const unanswered = new Set<string>();
  try {
    const held: FlexibleIp[] = [];
    for (const [index, wanted] of wants.entries())
      held.push(await obtain(ports, wanted, adoptees[index], intent, unanswered));
    const [flexibleIp, flexibleIp6] = held;
    if (flexibleIp === undefined) throw new Error("no flexible IP was obtained");
    const withMac = await ensureMac(ports, flexibleIp, intent);
    ports.deadline.throwIfOver();
    ports.answer(templateOf("AR", answered(ports, range, intent, withMac, flexibleIp6)));
    // Closed before exit 0: oned keeps the range only after that, and an open intent of a dead process is undone.
    await ports.journal.update((state) => {
      delete state.intents[intent];
    });
  } catch (error) {
    await takeBack(ports, intent, unanswered.size);
    throw error;
  }
}

async function openIntent(ports: Ports, adoptees: readonly (FlexibleIp | undefined)[]): Promise<string> {
  const intent = crypto.randomUUID();
  const flexibleIpIds = adoptees.flatMap((adoptee) => adoptee?.id ?? []);
  await ports.journal.update((state) => {
    for (const adoptee of adoptees) if (adoptee !== undefined) refuseRival(adoptee, Object.values(state.intents));
    state.intents[intent] = {
      since: new Date().toISOString(),
      process: thisProcess(),
      flexibleIpIds,
      wanted: adoptees.length,
    };
  });
  return intent;
}

async function obtain(
  ports: Ports,
  wanted: Wanted,
  adoptee: FlexibleIp | undefined,
  intent: string,
  unanswered: Set<string>,
): Promise<FlexibleIp> {
  if (adoptee !== undefined) return adopt(ports, adoptee, wanted, intent, unanswered);
  const { flexibleIp, isFirstTry } = await create(ports, wanted.isIpv6, intent, unanswered);
  const obtainedBefore = ports.journal.read().intents[intent]?.flexibleIpIds ?? [];
  await ports.journal.note((state) => {
    state.intents[intent]?.flexibleIpIds.push(flexibleIp.id);
  });
  if (!isFirstTry) await dropSurplus(ports, [...obtainedBefore, flexibleIp.id], intent);
  return flexibleIp;
}

async function takeBack(ports: Ports, intent: string, mayCome: number): Promise<void> {
  try {
    await ports.undo((api, deadline) => undoIntent(ports, api, deadline, intent, mayCome));
  } catch (error) {
    ports.log.warn(`left for the next run: undoing intent ${intent} (${messageOf(error)})`);
  }
}

const OWNED = new Set(["IPAM_MAD", "TYPE", "IP", "MAC", "SIZE", "EXTERNAL_IP", FLEXIBLE_IP_ID, INTENT]);
const OWNED_DUAL_STACK = new Set(["IP6", "PREFIX_LENGTH", FLEXIBLE_IP6_ID]);

/** What the user set that is not ours to answer. */
function kept(range: NewRange): [string, string][] {
  const guest = ["GATEWAY", "NETWORK_MASK"];
  for (const name of guest) {
    const value = range.attributes.get(name);
    if (value !== undefined && !isIPv4(value))
      throw new InputError(`${name} of the address range is no IPv4 address; correct it`);
  }
  return [...range.attributes].filter(
    ([name]) => !(OWNED.has(name) || (range.isDualStack && OWNED_DUAL_STACK.has(name))),
  );
}

/** The guest's IPv6: what the user typed, where it lies in the flexible IP. */
function guestAddress({ ip6 }: NewRange, { address }: FlexibleIp): string {
  return ip6 !== undefined && isAddressOf(ip6, address) ? ip6 : firstHost(address);
}

function ipamMad(range: NewRange): string {
  return range.attributes.get("IPAM_MAD") ?? "scw-flexip";
}

function answered(
  ports: Ports,
  range: NewRange,
  intent: string,
  flexibleIp: FlexibleIp,
  flexibleIp6: FlexibleIp | undefined,
): Map<string, string> {
  const { config } = ports;
  return new Map([
    ["IPAM_MAD", ipamMad(range)],
    ["TYPE", range.isDualStack ? "IP4_6_STATIC" : "IP4"],
    ["IP", flexibleIp.address],
    ["MAC", flexibleIp.mac ?? ""],
    ["SIZE", "1"],
    ...(flexibleIp6 === undefined
      ? []
      : ([
          ["IP6", guestAddress(range, flexibleIp6)],
          ["PREFIX_LENGTH", "64"],
          [FLEXIBLE_IP6_ID, flexibleIp6.id],
        ] as const)),
    ["NETWORK_MASK", config.networkMask],
    ["GATEWAY", config.gateway],
    ["DNS", config.dns],
    ["EXTERNAL_IP", flexibleIp.address],
    [FLEXIBLE_IP_ID, flexibleIp.id],
    [INTENT, intent],
    // Last, so that the user's own GATEWAY, NETWORK_MASK and DNS win over the settings.
    ...kept(range),
  ]);
}
