// A hook that has something to do: which server this is, settings, token, calls.
import type { Hook } from "../actions.ts";
import { readConfig, readServerId, readToken } from "../config.ts";
import { ApiError, ConfigError, DriverError, messageOf } from "../errors.ts";
import type { Vm } from "../opennebula/vm.ts";
import { type Caller, withSession } from "../session.ts";
import { CLEAN_PATIENCE_MS, clean } from "./clean.ts";
import { isAnyClaimed, type NicGroup } from "./nics.ts";
import { post, pre } from "./serve.ts";

const LOG_FOLDER = "/var/log/vnm";
const MOST_NAMED = 4;

/** Does what the hook asks for on this host. Throws DriverError, but never for `clean`. */
export async function actOnHost(
  hook: Hook,
  caller: Caller,
  vm: Vm,
  groups: readonly NicGroup[],
  say: (line: string) => void,
): Promise<void> {
  // A host that is no Elastic Metal server may have public addresses of its own.
  if (!isAnyClaimed(groups) && !isSetUp(caller)) return;
  try {
    await act(hook, caller, vm, groups, say);
  } catch (error) {
    if (hook !== "clean") throw withAddresses(error, groups);
    const bug = error instanceof DriverError ? "" : "internal error, please report it: ";
    say(
      `${addressesOf(groups)} of VM ${vm.id} may still be attached here until the next guest's post: ${bug}${messageOf(error)}`,
    );
  }
}

function act(
  hook: Hook,
  caller: Caller,
  vm: Vm,
  groups: readonly NicGroup[],
  say: (line: string) => void,
): Promise<void> {
  const place = { folder: LOG_FOLDER, name: `scw-flexip-${hook}.log`, context: { vm: vm.id } };
  const patienceMs = hook === "clean" ? CLEAN_PATIENCE_MS : undefined;
  return withSession(
    caller,
    place,
    ({ hookTimeoutMs }) => ({ limitMs: hookTimeoutMs, patienceMs, what: `${addressesOf(groups)} of VM ${vm.id} was` }),
    async (session) => {
      const serverId = readServerId(session.config);
      if (hook === "clean") await clean(session, vm, groups, serverId, say);
      else await (hook === "pre" ? pre : post)(session, vm, groups, serverId);
    },
  );
}

/** A failure of the API names an id, and a person knows addresses. */
function withAddresses(error: unknown, groups: readonly NicGroup[]): unknown {
  if (!(error instanceof ApiError)) return error;
  return new DriverError(`${addressesOf(groups)}: ${error.reason}`, error.move, { cause: error });
}

function addressesOf(groups: readonly NicGroup[]): string {
  const addresses = groups.flatMap(({ own, aliases }) => [...own, ...aliases]).map(({ address }) => address);
  const more = addresses.length > MOST_NAMED ? ` and ${addresses.length - MOST_NAMED} more` : "";
  return addresses.slice(0, MOST_NAMED).join(", ") + more;
}

function isSetUp(caller: Caller): boolean {
  try {
    const config = readConfig(caller.environment, caller.executable);
    readServerId(config);
    readToken(config);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return false;
  }
}
