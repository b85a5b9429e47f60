// One IPAM action: standard input → request → action → answer.
import type { IpamAction } from "../actions.ts";
import { ConfigError, DriverError, messageOf } from "../errors.ts";
import { writeStderr } from "../log.ts";
import { type IpamRequest, parseIpamRequest } from "../opennebula/ipam-request.ts";
import { type Caller, withSession } from "../session.ts";
import { Journal } from "../state/journal.ts";
import { freeAddress } from "./free-address.ts";
import type { IpamSession } from "./ipam-session.ts";
import { allocateAddress, getAddress } from "./lease.ts";
import { recover } from "./recover.ts";
import { registerAddressRange } from "./register-address-range.ts";
import { unregisterAddressRange } from "./unregister-address-range.ts";

const LOG_FOLDER = "/var/log/one";

// oned holds the network's lock meanwhile: 3 s for the API, which leaves 2 s for undoing.
const LEASE_LIMIT_MS = 5_000;
// oned's whole life-cycle manager stands still meanwhile: 1 s for the API.
const FREE_LIMIT_MS = 3_000;
const LEASE_LOCK_WAIT_MS = 1_000;
const SLOW_LEASE_MS = 1_000;

type Action = {
  readonly run: (session: IpamSession, request: IpamRequest) => Promise<void>;
  readonly limitMs: number;
  readonly lockWaitMs?: number;
};

const LEASE = { limitMs: LEASE_LIMIT_MS, lockWaitMs: LEASE_LOCK_WAIT_MS } as const;

const ACTIONS: Readonly<Record<IpamAction, Action>> = {
  register_address_range: { run: registerAddressRange, limitMs: Number.POSITIVE_INFINITY },
  unregister_address_range: { run: unregisterAddressRange, limitMs: Number.POSITIVE_INFINITY },
  get_address: { run: getAddress, ...LEASE },
  allocate_address: { run: allocateAddress, ...LEASE },
  free_address: { run: freeAddress, ...LEASE, limitMs: FREE_LIMIT_MS },
};

/** Runs the action on what oned sent. `requestId` is oned's own counter, good for its log only. */
export async function runIpam(action: IpamAction, caller: Caller, requestId: string, input: string): Promise<void> {
  const request = parseIpamRequest(input);
  try {
    await act(action, caller, requestId, request);
  } catch (error) {
    // A lease that cannot be freed is stuck for good, and wrong settings are no reason for that.
    if (action !== "free_address" || !(error instanceof ConfigError)) throw error;
    writeStderr(
      `WARN: freed, but not known whether the address is still attached: ${messageOf(error)}`,
      caller.machine?.write,
    );
  }
}

async function act(action: IpamAction, caller: Caller, requestId: string, request: IpamRequest): Promise<void> {
  const { run, limitMs, lockWaitMs } = ACTIONS[action];
  const place = { folder: LOG_FOLDER, name: "scw-flexip.log", context: { request: requestId } };
  const what = `${action} of ${request.addressRange.get("IP") ?? "a new address range"} was`;
  await withSession(
    caller,
    place,
    ({ timeoutMs }) => ({ limitMs: Math.min(limitMs, timeoutMs), what }),
    async (opened) => {
      const journal = new Journal(opened.config.stateFile, opened.log, lockWaitMs);
      const session = { ...opened, journal, answer: (text: string) => answer(opened, text) };
      const start = session.machine.elapsed();
      if (action === "register_address_range") await recover(session);
      await run(session, request);
      // Where a lease has taken long, another run has the time for it.
      const isLate = lockWaitMs !== undefined && session.machine.elapsed() - start > SLOW_LEASE_MS;
      if (action !== "register_address_range" && !isLate) await recover(session);
    },
  );
}

function answer({ machine }: Pick<IpamSession, "machine">, text: string): void {
  try {
    machine.write(1, text);
  } catch (cause) {
    throw new DriverError(`the answer cannot be written (${messageOf(cause)})`, "run the action through OpenNebula", {
      cause,
    });
  }
}
