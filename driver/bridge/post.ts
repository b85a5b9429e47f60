import type { Vm } from "../opennebula/vm.ts";
import type { Session } from "../session.ts";
import { serve } from "./serve.ts";

/**
 * The guest runs here: whatever of its addresses is still attached to another server, after a migration or because that
 * host was lost, is taken over; all are confirmed to be attached here.
 */
export async function post(session: Session, vm: Vm, serverId: string): Promise<void> {
  await serve(session, vm, { serverId, takeOver: true });
}
