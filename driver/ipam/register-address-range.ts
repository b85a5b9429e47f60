import { isIPv4 } from "node:net";
import { firstHost, isAddressOf } from "../addresses.ts";
import { InputError, messageOf } from "../errors.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { templateOf } from "../opennebula/template.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { FLEXIBLE_IP_ID, FLEXIBLE_IP6_ID, INTENT, type NewRange, newRange } from "./address-range.ts";
import type { IpamSession } from "./ipam-session.ts";
import { findAdoptee, Obtaining, refuseRival, type Wanted } from "./obtain.ts";
import { closeIntent, undoIntent } from "./recover.ts";

/**
 * Obtains the range's flexible IP and its virtual MAC, and answers the range as oned is to store it. oned reads only an
 * IP inside the range from a lease, and takes the guest's MAC from the range: both must be known now.
 */
export async function registerAddressRange(session: IpamSession, request: IpamRequest): Promise<void> {
  const range = newRange(request.addressRange);
  // An attribute that cannot be written back is refused before anything is paid for.
  templateOf("AR", [["IPAM_MAD", ipamMad(range)], ...kept(range)]);
  const wants: Wanted[] = [
    { isIpv6: false, id: range.flexibleIpId, address: range.ip },
    ...(range.isDualStack ? [{ isIpv6: true, id: range.flexibleIp6Id, address: range.ip6 }] : []),
  ];
  const adoptees = await Promise.all(wants.map((wanted) => findAdoptee(session, wanted)));
  const intent = await openIntent(session, adoptees);
  const obtaining = new Obtaining(session, intent);
  try {
    const held: FlexibleIp[] = [];
    for (const [index, wanted] of wants.entries())
      held.push(await obtain(session, obtaining, wanted, adoptees[index], intent));
    const [flexibleIp, flexibleIp6] = held;
    if (flexibleIp === undefined) throw new Error("no flexible IP was obtained");
    const withMac = await obtaining.ensureMac(flexibleIp);
    session.deadline.throwIfOver();
    session.answer(templateOf("AR", attributesOf(session, range, intent, withMac, flexibleIp6)));
    // Closed before exit 0: oned keeps the range only after that, and an open intent of a dead process is undone.
    await closeIntent(session, intent);
  } catch (error) {
    await takeBack(session, obtaining, intent);
    throw error;
  }
}

async function openIntent(session: IpamSession, adoptees: readonly (FlexibleIp | undefined)[]): Promise<string> {
  const { journal, machine } = session;
  const intent = crypto.randomUUID();
  const flexibleIpIds = adoptees.flatMap((adoptee) => adoptee?.id ?? []);
  await journal.update((state) => {
    for (const adoptee of adoptees) {
      if (adoptee !== undefined) refuseRival(session, adoptee, Object.values(state.intents));
    }
    const since = new Date(machine.now()).toISOString();
    state.intents[intent] = { since, process: machine.self(), flexibleIpIds, wanted: adoptees.length };
  });
  return intent;
}

async function obtain(
  session: IpamSession,
  obtaining: Obtaining,
  wanted: Wanted,
  adoptee: FlexibleIp | undefined,
  intent: string,
): Promise<FlexibleIp> {
  const { journal, log } = session;
  if (adoptee !== undefined) return obtaining.adopt(adoptee, wanted);
  const { flexibleIp, isFirstTry } = await obtaining.create(wanted.isIpv6);
  const obtainedBefore = journal.read().intents[intent]?.flexibleIpIds ?? [];
  await journal.note((state) => {
    state.intents[intent]?.flexibleIpIds.push(flexibleIp.id);
  });
  if (!isFirstTry) await obtaining.dropSurplus([...obtainedBefore, flexibleIp.id]);
  if (wanted.address !== undefined) {
    log.warn(
      `address ${wanted.address} of the new range is no flexible IP of yours: ${flexibleIp.address} was created in its place; to adopt one for certain set ${wanted.isIpv6 ? FLEXIBLE_IP6_ID : FLEXIBLE_IP_ID}`,
    );
  }
  return flexibleIp;
}

async function takeBack(session: IpamSession, obtaining: Obtaining, intent: string): Promise<void> {
  try {
    // Where every call was refused there is nothing to look for: a token that may not create may not list either.
    if (obtaining.isEmptyHanded) await closeIntent(session, intent);
    else await session.undo((own) => undoIntent({ ...session, ...own }, intent, obtaining.awaited));
  } catch (error) {
    session.log.warn(`left for the next run: undoing intent ${intent} (${messageOf(error)})`);
  }
}

const OWNED = new Set(["IPAM_MAD", "TYPE", "IP", "MAC", "SIZE", "EXTERNAL_IP", FLEXIBLE_IP_ID, INTENT]);
const OWNED_DUAL_STACK = new Set(["IP6", "PREFIX_LENGTH", FLEXIBLE_IP6_ID]);

/** The attributes that the user set and that are not ours to answer. */
function kept(range: NewRange): [string, string][] {
  const guest = ["GATEWAY", "NETWORK_MASK"];
  for (const name of guest) {
    const value = range.attributes.get(name);
    if (value !== undefined && !isIPv4(value))
      throw new InputError(`${name} of the address range is no IPv4 address`, "correct it");
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

function attributesOf(
  { config, log }: IpamSession,
  range: NewRange,
  intent: string,
  flexibleIp: FlexibleIp,
  flexibleIp6: FlexibleIp | undefined,
): Map<string, string> {
  if (config.dns === undefined && !range.attributes.has("DNS")) {
    log.warn(`guests of ${flexibleIp.address} get no resolvers: none are known of zone ${config.zone}; set DNS`);
  }
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
    ...(config.dns === undefined ? [] : ([["DNS", config.dns]] as const)),
    ["EXTERNAL_IP", flexibleIp.address],
    [FLEXIBLE_IP_ID, flexibleIp.id],
    [INTENT, intent],
    // Last, because the user's own GATEWAY, NETWORK_MASK and DNS win over the settings.
    ...kept(range),
  ]);
}
