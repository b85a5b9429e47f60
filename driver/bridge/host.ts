// A hook that has something to do: which server this is, settings, token, calls.
import { writeSync } from "node:fs";
import type { Hook } from "../actions.ts";
import { readServerId } from "../config.ts";
import { messageOf } from "../errors.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type Caller, type Desk, openDesk, openSession } from "../session.ts";
import { CLEAN_PATIENCE_MS, clean } from "./clean.ts";
import { post } from "./post.ts";
import { pre } from "./pre.ts";

const LOG_FOLDER = "/var/log/vnm";

/** Does what the hook asks for on this host. Throws DriverError. */
export async function actOnHost(hook: Hook, caller: Caller, vm: Vm): Promise<void> {
  const desk = openDesk(caller, LOG_FOLDER, `scw-flexip-${hook}.log`, { vm: vm.id });
  try {
    await act(hook, desk, vm);
  } catch (error) {
    desk.log.error(messageOf(error));
    throw error;
  }
}

async function act(hook: Hook, desk: Desk, vm: Vm): Promise<void> {
  const serverId = readServerId(desk.config);
  const session = openSession(desk, {
    limitMs: desk.config.hookTimeoutMs,
    patienceMs: hook === "clean" ? CLEAN_PATIENCE_MS : undefined,
  });
  if (hook === "pre") await pre(session, vm, serverId);
  else if (hook === "post") await post(session, vm, serverId);
  else await clean(session, vm, serverId, say);
  session.close();
}

// The network driver keeps standard output for the VM's log when a hook succeeds, and standard error when it fails.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
