// Detaching the flexible IPs of a range whose lease has ended.
import type { Bench } from "../flexible-ip/attachment.ts";
import { detachGroup } from "../flexible-ip/mac-group.ts";
import { isBorrower } from "../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";

const DETACHABLE: ReadonlySet<FlexibleIp["status"]> = new Set(["attached", "error", "unknown"]);

/**
 * Has the range's flexible IPs detached from wherever they are, without waiting unless an alias shares their MAC.
 * Returns those in the middle of an attach, which cannot be detached yet.
 */
export async function release(bench: Bench, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  await detachGroup(
    bench,
    flexibleIps.filter(({ status, serverId }) => serverId !== null && DETACHABLE.has(status)),
    [],
  );
  // A free one that kept a borrowed MAC would hold its lender back: a MAC group is attached as a whole.
  const holding = flexibleIps.filter((free) => free.status === "ready" && isBorrower(free) && free.mac !== null);
  for (const flexibleIp of holding) await bench.api.deleteMac(flexibleIp.id);
  return flexibleIps.filter(({ status }) => status === "updating");
}
