// A hook that has something to do: which server this is, settings, token, calls.
import type { Hook } from "../actions.ts";
import { type Config, readServerId } from "../config.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type Caller, type SessionOptions, withSession } from "../session.ts";
import { CLEAN_PATIENCE_MS, clean } from "./clean.ts";
import { post } from "./post.ts";
import { pre } from "./pre.ts";

const LOG_FOLDER = "/var/log/vnm";

/** Does what the hook asks for on this host. Throws DriverError. */
export async function actOnHost(hook: Hook, caller: Caller, vm: Vm): Promise<void> {
  const place = { folder: LOG_FOLDER, name: `scw-flexip-${hook}.log`, context: { vm: vm.id } };
  const options = (config: Config): SessionOptions => ({
    limitMs: config.hookTimeoutMs,
    what: `${hook} of VM ${vm.id} was`,
    patienceMs: hook === "clean" ? CLEAN_PATIENCE_MS : undefined,
  });
  await withSession(caller, place, options, async (session) => {
    const serverId = readServerId(session.config);
    if (hook === "pre") await pre(session, vm, serverId);
    else if (hook === "post") await post(session, vm, serverId);
    else await clean(session, vm, serverId, (line) => session.machine.write(1, `${line}\n`));
  });
}
