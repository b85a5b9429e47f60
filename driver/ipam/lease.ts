// get_address and allocate_address: one read shows whether the range's address can serve.
import { ApiError, DeadlineError, messageOf, RefusedError, StoppedError } from "../errors.ts";
import { isBorrower, isForAliases } from "../flexible-ip/ownership.ts";
import { standingOf } from "../flexible-ip/standing.ts";
import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { templateOf } from "../opennebula/template.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { checkLease, type Range, registeredRange } from "./address-range.ts";
import type { IpamSession } from "./ipam-session.ts";
import { findFlexibleIp } from "./range-flexible-ip.ts";

/** oned wants any free address of the range, of which there is one. oned reads only IP from the answer. */
export async function getAddress(session: IpamSession, request: IpamRequest): Promise<void> {
  const { ip } = await lease(session, request);
  session.answer(templateOf("ADDRESS", [["IP", ip]]));
}

/** oned chose the address: a NIC with IP=…, or a hold. It reads only the exit code. */
export async function allocateAddress(session: IpamSession, request: IpamRequest): Promise<void> {
  await lease(session, request);
}

/**
 * Leases the address unless it is known that it cannot serve. When the API does not tell in time, the lease is given
 * with a warning: `pre` looks again before a guest boots, and oned would ask range after range under the network's
 * lock. Throws RefusedError.
 */
async function lease(session: IpamSession, request: IpamRequest): Promise<Range> {
  const { journal, log, machine } = session;
  const range = registeredRange(request);
  checkLease(request, range);
  const flexibleIp = await checked(session, range);
  const id = flexibleIp?.id ?? range.flexibleIpId;
  await journal.note((state) => {
    state.leases[range.ip] = { flexibleIpId: id ?? "", since: new Date(machine.now()).toISOString() };
  });
  log.info(`leased ${flexibleIp === undefined ? `address ${range.ip}` : nameOf(flexibleIp)}`, {
    address: range.ip,
    flexible_ip_id: id,
  });
  return range;
}

/** The flexible IP behind the range; undefined when the API does not say. */
async function checked(session: IpamSession, range: Range): Promise<FlexibleIp | undefined> {
  let flexibleIp: FlexibleIp | undefined;
  try {
    flexibleIp = await findFlexibleIp(session, range.ip, range.flexibleIpId);
  } catch (error) {
    const isUnknown = error instanceof ApiError || error instanceof DeadlineError;
    if (!isUnknown || error instanceof StoppedError) throw error;
    session.log.warn(`address ${range.ip} is leased without a look at it (${messageOf(error)}); pre looks again`);
    return undefined;
  }
  if (flexibleIp === undefined) {
    throw new RefusedError(
      `flexible IP ${range.ip} of this range does not exist in project ${session.config.projectId} any more`,
      "remove the address range and add a new one",
    );
  }
  refuseUnfit(session, flexibleIp, range);
  return flexibleIp;
}

function refuseUnfit(session: IpamSession, flexibleIp: FlexibleIp, range: Range): void {
  const { cloud, projectId } = session.config;
  // An alias has its NIC's virtual MAC, or none while it is free.
  const isAlias = isBorrower(flexibleIp) && (range.servesAliases || isForAliases(flexibleIp));
  const mac = isAlias ? undefined : range.mac;
  const { is, words, move } = standingOf(flexibleIp, { cloud, projectId, mac, intent: range.intent });
  if (is !== "ours") throw new RefusedError(words, move);
}
