// Loaded before the tests by `node --import`: the rig then runs actions and hooks in this process, which takes
// milliseconds. What a test starts, stops or reads as a process is still the executable.

import { HOOKS, IPAM_ACTIONS } from "../../driver/actions.ts";
import type { ProcessIdentity } from "../../driver/machine.ts";
import { run } from "../../driver/run.ts";
import { realMachine } from "../../driver/session.ts";
import { type Machine, plainLines, Rig, type RunOptions, type RunResult } from "../rig.ts";

// Above any number that Linux gives a process.
const FIRST_PID = 10_000_000;
const alive = new Set<number>();
let started = 0;

const asProcess = Rig.prototype.run;
Rig.prototype.run = function (machine, file, parameters, document, options = {}): Promise<RunResult> {
  const action = [...IPAM_ACTIONS, ...HOOKS].find((name) => file.split(/[/.]/).includes(name));
  if (action === undefined || options.started !== undefined || options.env !== undefined)
    return asProcess.call(this, machine, file, parameters, document, options);
  return runHere(machine, [action, ...parameters], document, options);
};

async function runHere(
  at: Machine,
  words: readonly string[],
  document: string,
  { settings = {}, raw }: RunOptions,
): Promise<RunResult> {
  const texts = { 1: "", 2: "" };
  started += 1;
  const self: ProcessIdentity = { pid: FIRST_PID + started, startTicks: "0", bootId: "in-process" };
  const set = Object.entries(settings).map(([key, value]) => [`SCW_FLEXIP_${key}`, value]);
  const caller = {
    action: words[0] ?? "",
    version: "0.0.0",
    environment: { ...at.environment, ...Object.fromEntries(set) },
    executable: `${at.root}/ipam/scw-flexip/scw-flexip`,
    machine: {
      ...realMachine,
      self: () => self,
      isRunning: (other: ProcessIdentity) =>
        other.pid > FIRST_PID ? alive.has(other.pid) : realMachine.isRunning(other),
      write: (stream: 1 | 2, text: string): void => {
        texts[stream] += text;
      },
    },
  };
  alive.add(self.pid);
  const input = raw === undefined ? Buffer.from(document).toString("base64") : Buffer.from(raw).toString("latin1");
  const code = await run(caller, words, async () => input).finally(() => alive.delete(self.pid));
  return { code, signal: null, stdout: texts[1], stderr: texts[2], plain: plainLines(texts[2]) };
}
