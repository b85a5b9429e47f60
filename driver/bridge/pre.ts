import type { Vm } from "../opennebula/vm.ts";
import type { Session } from "../session.ts";
import { serve } from "./serve.ts";

/**
 * Before the guest boots, or before a NIC is attached: attaches what is free to this server. What is attached to another
 * server stays there: nothing tells a migration from a recovery, and in a migration the guest still runs there, and goes
 * on doing so when the copy fails. Throws when an address cannot serve, so that no guest boots without its network.
 */
export async function pre(session: Session, vm: Vm, serverId: string): Promise<void> {
  await serve(session, vm, { serverId, takeOver: false });
}
