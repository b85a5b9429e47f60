// One IPAM action: standard input → request → action → answer.
import { writeSync } from "node:fs";
import type { IpamAction } from "../actions.ts";
import { ConfigError, DriverError, messageOf } from "../errors.ts";
import { writeStderr } from "../log.ts";
import { type IpamRequest, parseIpamRequest } from "../opennebula/ipam-request.ts";
import { type Caller, type Desk, openDesk, openSession } from "../session.ts";
import { Journal } from "../state/journal.ts";
import { allocateAddress } from "./allocate-address.ts";
import { FREE_LIMIT_MS, freeAddress } from "./free-address.ts";
import { getAddress } from "./get-address.ts";
import type { Ports } from "./ports.ts";
import { registerAddressRange } from "./register-address-range.ts";
import { unregisterAddressRange } from "./unregister-address-range.ts";

const LOG_FOLDER = "/var/log/one";

const ACTIONS = {
  register_address_range: registerAddressRange,
  unregister_address_range: unregisterAddressRange,
  get_address: getAddress,
  allocate_address: allocateAddress,
  free_address: freeAddress,
} as const satisfies Record<IpamAction, unknown>;

/** Runs the action on what oned sent. `requestId` is oned's own counter, good for its log only. */
export async function runIpam(action: IpamAction, caller: Caller, requestId: string, input: string): Promise<void> {
  const request = parseIpamRequest(input);
  if (action !== "free_address") {
    await act(action, openDesk(caller, LOG_FOLDER, "scw-flexip.log", { request: requestId }), request);
    return;
  }
  // A lease that cannot be freed is stuck for good, so that wrong settings only keep the address attached: a reconcile
  // finds that once they are right.
  try {
    await act(action, openDesk(caller, LOG_FOLDER, "scw-flexip.log", { request: requestId }), request);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    writeStderr(`WARN: the lease is freed, but its address may still be attached: ${messageOf(error)}`);
  }
}

async function act(action: IpamAction, desk: Desk, request: IpamRequest): Promise<void> {
  const { timeoutMs, stateFile } = desk.config;
  const limitMs = action === "free_address" ? Math.min(FREE_LIMIT_MS, timeoutMs) : timeoutMs;
  try {
    const session = openSession(desk, { limitMs });
    const ports: Ports = { ...session, journal: new Journal(stateFile, session.log), answer };
    await ACTIONS[action](ports, request);
    session.close();
  } catch (error) {
    desk.log.error(messageOf(error));
    throw error;
  }
}

function answer(text: string): void {
  try {
    writeSync(1, text);
  } catch (cause) {
    throw new DriverError(`the answer cannot be written (${messageOf(cause)}); run the action through OpenNebula`, {
      cause,
    });
  }
}
