import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { checkLease, registeredRange } from "./address-range.ts";
import { lease } from "./lease.ts";
import type { Ports } from "./ports.ts";
import { recover } from "./recover.ts";

/** oned chose the address: a NIC with IP=…, or a hold. It reads only the exit code. */
export async function allocateAddress(ports: Ports, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  checkLease(request, range);
  await lease(ports, range);
  await recover(ports);
}
