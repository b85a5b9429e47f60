// One bridge hook: standard input → VM → hook.
import type { Hook } from "../actions.ts";
import { parseVm } from "../opennebula/vm.ts";
import type { Caller } from "../session.ts";
import { nicGroups } from "./flexible-ip-nics.ts";

/** Runs the hook for the VM that the network driver sent. A VM without a public address costs no call and no file. */
export async function runHook(hook: Hook, caller: Caller, input: string): Promise<void> {
  const vm = parseVm(input);
  if (nicGroups(vm).length === 0) return;
  const { actOnHost } = await import("./host.ts");
  await actOnHost(hook, caller, vm);
}
