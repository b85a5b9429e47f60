// One bridge hook: standard input → VM → hook.
import { writeSync } from "node:fs";
import type { Hook } from "../actions.ts";
import { InputError, messageOf } from "../errors.ts";
import { parseVm, type Vm } from "../opennebula/vm.ts";
import type { Caller } from "../session.ts";
import { nicGroups, unserved } from "./nics.ts";

/**
 * Runs the hook for the VM that the network driver sends. A VM without a public address costs no call and no file.
 * `clean` fails for nothing, because oned would take the end of a guest that is gone for failed: it says what is left
 * to do.
 */
export async function runHook(hook: Hook, caller: Caller, input: () => Promise<string>): Promise<void> {
  // The network driver keeps standard output for the VM's log when a hook succeeds, and standard error when it fails.
  const write = caller.machine?.write ?? writeSync;
  const say = (line: string): void => void write(1, `${hook}: ${line}\n`);
  const vm = await read(hook, input, say);
  if (vm === undefined) return;
  if (hook === "pre") for (const address of unserved(vm)) say(`${address} is not attached: ${NOT_SERVED}`);
  const groups = nicGroups(vm);
  if (groups.length === 0) return;
  const { actOnHost } = await import("./host.ts");
  await actOnHost(hook, caller, vm, groups, say);
}

const NOT_SERVED = "PCI NICs and floating addresses of virtual routers are not served";

async function read(hook: Hook, input: () => Promise<string>, say: (line: string) => void): Promise<Vm | undefined> {
  try {
    return parseVm(await input());
  } catch (error) {
    if (hook !== "clean" || !(error instanceof InputError)) throw error;
    say(`the VM's addresses stay as they are: ${messageOf(error)}`);
    return undefined;
  }
}
