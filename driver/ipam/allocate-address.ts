import type { IpamRequest } from "../opennebula/ipam-request.ts";
import type { IpamSession } from "./ipam-session.ts";
import { lease } from "./lease.ts";

/** oned chose the address: a NIC with IP=…, or a hold. It reads only the exit code. */
export async function allocateAddress(session: IpamSession, request: IpamRequest): Promise<void> {
  await lease(session, request);
}
