// What get_address and allocate_address share: one read proves that the range's address can serve.
import { RefusedError } from "../errors.ts";
import { cloudOf, isBorrower } from "../flexible-ip/ownership.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import type { Range } from "./address-range.ts";
import type { Ports } from "./ports.ts";
import { findFlexibleIp, isRecycled } from "./range-flexible-ip.ts";

/** Checks the flexible IP behind the range and notes the lease. Never waits for an attach. Throws RefusedError. */
export async function lease(ports: Ports, range: Range): Promise<void> {
  const flexibleIp = await findFlexibleIp(ports, range.ip, range.flexibleIpId);
  if (flexibleIp === undefined) {
    throw new RefusedError(
      `flexible IP ${range.ip} of this range does not exist in project ${ports.config.projectId} any more; remove the address range and add a new one`,
    );
  }
  checkOwner(ports, flexibleIp);
  if (isRecycled(flexibleIp, range)) {
    throw new RefusedError(
      `${nameOf(flexibleIp)} came back from the pool and belongs to another address range by now; remove this one`,
    );
  }
  checkUsable(flexibleIp, range);
  await ports.journal.note((state) => {
    state.leases[range.ip] = { flexibleIpId: flexibleIp.id, since: new Date().toISOString() };
    // The next guest may already have them when somebody gets round to the detach.
    for (const [id, owed] of Object.entries(state.owedDetaches)) {
      if (owed.lease === range.ip) delete state.owedDetaches[id];
    }
  });
  ports.log.info(`leased ${nameOf(flexibleIp)}`, { address: range.ip, flexible_ip_id: flexibleIp.id });
}

function checkOwner(ports: Ports, flexibleIp: FlexibleIp): void {
  const { config } = ports;
  if (flexibleIp.projectId !== config.projectId) {
    throw new RefusedError(
      `${nameOf(flexibleIp)} belongs to project ${flexibleIp.projectId}, not to ${config.projectId}; correct PROJECT_ID or remove the range`,
    );
  }
  const cloud = cloudOf(flexibleIp);
  if (cloud === config.cloud) return;
  throw new RefusedError(
    cloud === undefined
      ? `${nameOf(flexibleIp)} has lost the tags of this driver; remove the address range and add it again with this IP`
      : `${nameOf(flexibleIp)} belongs to cloud ${cloud}, not to ${config.cloud}; correct CLOUD or remove the range`,
  );
}

function checkUsable(flexibleIp: FlexibleIp, range: Range): void {
  if (flexibleIp.status === "error" || flexibleIp.status === "locked") {
    throw new RefusedError(`${nameOf(flexibleIp)} has status ${flexibleIp.status}; look it up in the Scaleway console`);
  }
  if (range.mac === undefined || flexibleIp.mac === range.mac) return;
  // As a NIC alias it gave up its own virtual MAC and can serve as an alias again; one just detached still shows the
  // borrowed one.
  if (isBorrower(flexibleIp) && (flexibleIp.mac === null || flexibleIp.serverId !== null)) return;
  throw new RefusedError(
    `${nameOf(flexibleIp)} has virtual MAC ${flexibleIp.mac ?? "none"}, but its range gives guests ${range.mac}; remove the address range and add it again`,
  );
}
