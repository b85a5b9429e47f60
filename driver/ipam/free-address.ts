import { Deadline } from "../deadline.ts";
import { DeadlineError, messageOf } from "../errors.ts";
import { settled } from "../flexible-ip/presence.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { type Range, registeredRange } from "./address-range.ts";
import type { Ports } from "./ports.ts";
import { findFlexibleIp, isOfRange } from "./range-flexible-ip.ts";
import { recover } from "./recover.ts";
import { release } from "./release.ts";

/** How long free_address tries at most: a lease that ends must not hold up the cloud. */
export const FREE_LIMIT_MS = 10_000;
// A lone attach settles in 2 s (recorded).
const ATTACH_PATIENCE_MS = 3_000;

/**
 * The lease ends; the flexible IP stays with the range. Succeeds whatever the API does: what is still attached is
 * detached without waiting, what is being attached is waited for a moment; a detach that fails is noted as owed, for a
 * later run.
 */
export async function freeAddress(ports: Ports, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  const fields = { address: range.ip, flexible_ip_id: range.flexibleIpId };
  try {
    const held = await heldBy(ports, range);
    const unsettled = await release(ports, await Promise.all(held.map((flexibleIp) => awaitAttach(ports, flexibleIp))));
    await close(ports, range, { isOwed: false });
    // Not owed: after this lease nothing tells that attach from one of the next, which another front-end may give.
    for (const flexibleIp of unsettled) {
      ports.log.warn(`left ${nameOf(flexibleIp)} as it is being attached; scw-flexip reconcile detaches it`, fields);
    }
    ports.log.info(`freed address ${range.ip}`, fields);
  } catch (error) {
    await close(ports, range, { isOwed: true });
    ports.log.warn(`owed: address ${range.ip} is to be detached later (${messageOf(error)})`, fields);
    return;
  }
  await recover(ports);
}

/** Notes that the lease is over, and whether the range's flexible IPs are still to be detached. */
async function close(ports: Ports, range: Range, { isOwed }: { readonly isOwed: boolean }): Promise<void> {
  await ports.journal.note((state) => {
    delete state.leases[range.ip];
    for (const [address, id] of addressesOf(range)) {
      if (id === undefined || !isOwed) continue;
      state.owedDetaches[id] = { lease: range.ip, address, asOf: new Date().toISOString() };
    }
  });
}

/** The flexible IP once an attach under way has settled, or as it was when that takes too long. */
async function awaitAttach({ api }: Ports, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  if (flexibleIp.status !== "updating") return flexibleIp;
  const patience = new Deadline(ATTACH_PATIENCE_MS, "the attach was", "run scw-flexip reconcile");
  try {
    return (await settled(api, flexibleIp, patience)) ?? flexibleIp;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return flexibleIp;
  } finally {
    patience.clear();
  }
}

/** The flexible IPs of the range that may be detached: those that are there and ours. */
async function heldBy(ports: Ports, range: Range): Promise<FlexibleIp[]> {
  const held: FlexibleIp[] = [];
  for (const [address, id] of addressesOf(range)) {
    const flexibleIp = await findFlexibleIp(ports, address, id);
    if (flexibleIp === undefined) ports.log.warn(`address ${address} has no flexible IP any more`);
    else if (isOfRange(ports, flexibleIp, range)) held.push(flexibleIp);
    else ports.log.warn(`left ${nameOf(flexibleIp)} alone: this range does not hold it`);
  }
  return held;
}

/** The range's addresses with the ids that it gives for them. */
function addressesOf(range: Range): [string, string | undefined][] {
  const ipv6: [string, string | undefined][] = range.ip6 === undefined ? [] : [[range.ip6, range.flexibleIp6Id]];
  return [[range.ip, range.flexibleIpId], ...ipv6];
}
