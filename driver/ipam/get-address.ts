import type { IpamRequest } from "../opennebula/ipam-request.ts";
import { templateOf } from "../opennebula/template.ts";
import { checkLease, registeredRange } from "./address-range.ts";
import { lease } from "./lease.ts";
import type { Ports } from "./ports.ts";
import { recover } from "./recover.ts";

/** oned wants any free address of the range, of which there is one. oned reads only IP from the answer. */
export async function getAddress(ports: Ports, request: IpamRequest): Promise<void> {
  const range = registeredRange(request);
  checkLease(request, range);
  await lease(ports, range);
  ports.answer(templateOf("ADDRESS", [["IP", range.ip]]));
  await recover(ports);
}
