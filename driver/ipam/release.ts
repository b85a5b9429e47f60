// Detaching the flexible IPs of a range whose lease has ended.
import { type Bench, detachAll, startDetach } from "../scaleway/attachment.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { isLender } from "../scaleway/ownership.ts";

/**
 * Has the range's flexible IPs detached from wherever they are, without waiting unless an alias shares their MAC.
 * Returns those in the middle of an attach, which cannot be detached yet.
 */
export async function release(bench: Bench, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  const attached = flexibleIps.filter((flexibleIp) => flexibleIp.status === "attached");
  for (const lender of attached.filter(isLender)) await detachBorrowers(bench, lender, flexibleIps);
  await startDetach(bench, attached);
  return flexibleIps.filter(({ status }) => status === "updating" || status === "unknown");
}

// Detached alone from its MAC group, a flexible IP loses the virtual MAC that its range has promised to guests. An alias
// whose NIC's lease has ended serves nobody, so the aliases go first.
async function detachBorrowers(bench: Bench, lender: FlexibleIp, range: readonly FlexibleIp[]): Promise<void> {
  if (lender.serverId === null || lender.mac === null) return;
  const onServer = await bench.api.list({ projectId: lender.projectId, serverId: lender.serverId });
  const borrowers = onServer.filter(
    (other) => other.mac === lender.mac && !range.some((flexibleIp) => flexibleIp.id === other.id),
  );
  await detachAll(bench, borrowers);
}
