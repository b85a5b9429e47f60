// What the driver counts on, asked of an API through Scaleway's SDK: of the simulator by the tests, of the real one by
// `make contract`.
import assert from "node:assert/strict";
import { Errors } from "@scaleway/sdk-client";
import type { Flexibleipv1alpha1 } from "@scaleway/sdk-flexibleip";
import type { Behaviour } from "../fakes/behaviour.ts";

export type Conditions = {
  readonly tags: string[];
  /** Without it, nothing is attached. */
  readonly serverId: string | undefined;
  /** Seconds between two reads. */
  readonly maxDelay: number;
};

/** The life of one flexible IP. */
export async function live(api: Flexibleipv1alpha1.API, { tags, serverId, maxDelay }: Conditions): Promise<void> {
  const created = await api.createFlexibleIP({ description: "web", tags, isIpv6: false });
  const fipId = created.id;
  const settled = () => api.waitForFlexibleIP({ fipId }, { maxDelay, timeout: 180 });
  assert.deepEqual([created.status, created.serverId ?? null, created.macAddress ?? null], ["ready", null, null]);
  assert.deepEqual(
    (await api.listFlexibleIPs({ tags }).all()).map(({ id }) => id),
    [fipId],
  );

  const withMac = await api.generateMACAddr({ fipId, macType: "kvm" });
  assert.match(withMac.macAddress?.macAddress ?? "", /^52:54:00(:[0-9a-f]{2}){3}$/);
  assert.equal(withMac.status, "ready");

  if (serverId !== undefined) {
    const attaching = await api.attachFlexibleIP({ fipsIds: [fipId], serverId });
    assert.deepEqual(
      attaching.flexibleIps.map(({ status, serverId: on }) => [status, on ?? null]),
      [["updating", null]],
    );
    const attached = await settled();
    assert.deepEqual([attached.status, attached.serverId], ["attached", serverId]);
    assert.equal(attached.macAddress?.status, "used");
  }

  const more = [...tags, "two"];
  const updated = await api.updateFlexibleIP({ fipId, description: "db", tags: more });
  assert.deepEqual([updated.description, updated.tags], ["db", more]);

  if (serverId !== undefined) {
    const detaching = await api.detachFlexibleIP({ fipsIds: [fipId] });
    assert.deepEqual(
      detaching.flexibleIps.map(({ status, serverId: on }) => [status, on]),
      [["detaching", serverId]],
    );
    assert.equal((await settled()).status, "ready");
  }

  await api.deleteFlexibleIP({ fipId });
  await assert.rejects(api.getFlexibleIP({ fipId }), { name: "PermissionsDeniedError", status: 403 });
}

/** What comes of an attach to one server of what another one has, in the simulator's words. */
export async function directAttachOf(
  api: Flexibleipv1alpha1.API,
  { tags, serverId = "", maxDelay }: Conditions,
  other: string | undefined,
): Promise<Behaviour["directAttach"]> {
  const { id: fipId } = await api.createFlexibleIP({ description: "", tags, isIpv6: false });
  const settled = () => api.waitForFlexibleIP({ fipId }, { maxDelay, timeout: 180 });
  await api.attachFlexibleIP({ fipsIds: [fipId], serverId });
  assert.equal((await settled()).serverId, serverId);
  try {
    await api.attachFlexibleIP({ fipsIds: [fipId], serverId: other ?? "" });
  } catch (error) {
    if (error instanceof Errors.ScalewayError && error.status < 500) return "refused";
    throw error;
  }
  return (await settled()).serverId === other ? "moves" : "ignored";
}

/** Deletes whatever has these tags, and waits until it is gone. */
export async function deleteAll(api: Flexibleipv1alpha1.API, { tags, maxDelay }: Conditions): Promise<void> {
  for (const { id: fipId } of await api.listFlexibleIPs({ tags }).all()) {
    await api.waitForFlexibleIP({ fipId }, { maxDelay, timeout: 180 });
    await api.deleteFlexibleIP({ fipId });
  }
}
