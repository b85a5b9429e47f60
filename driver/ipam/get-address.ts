import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { templateOf } from "../opennebula/template.ts";
import type { IpamSession } from "./ipam-session.ts";
import { lease } from "./lease.ts";

/** oned wants any free address of the range, of which there is one. oned reads only IP from the answer. */
export async function getAddress(session: IpamSession, request: IpamRequest): Promise<void> {
  const { ip } = await lease(session, request);
  session.answer(templateOf("ADDRESS", [["IP", ip]]));
}
