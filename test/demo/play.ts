// One step: run, look, compare.
import { hostOf, placeOf } from "../cloud/place.ts";
import { readTemplate } from "../documents.ts";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import type { RunResult } from "../rig.ts";
import type { RangeName, Step, Whereabouts } from "./life.ts";
import { type Run, run, type Stage } from "./stage.ts";

export type Played = {
  readonly calls: readonly CallName[];
  /** Where the two addresses are afterwards. */
  readonly after: readonly [string, string];
  readonly ms: number;
  /** Whether the hook is about one NIC of a running guest. */
  readonly isHotPlug: boolean;
  /** What is not as the step expects, a sentence each. */
  readonly differences: readonly string[];
};

/** Plays the step. A step that cannot be played differs from what it expects. */
export async function play(stage: Stage, step: Step): Promise<Played> {
  const { account, requests } = stage.rig.simulator;
  const before = requests.length;
  let done: Run | undefined;
  const differences: string[] = [];
  try {
    done = await run(stage, step);
    differences.push(...exitDifferences(step.warns === true, done.result), ...answerDifferences(stage, done));
  } catch (error) {
    differences.push(error instanceof Error ? error.message : String(error));
  }
  const calls = requests.slice(before).map(({ call }) => call);
  if (step.later) await account.settled();
  const after = [whereabouts(stage, "first"), whereabouts(stage, "second")] as const;
  differences.push(...callDifferences(step, calls));
  for (const [index, place] of after.entries()) {
    const expected = step.after[index];
    if (expected === undefined || isAt(expected, place)) continue;
    differences.push(`address ${index + 1}: expected ${shown(expected)}, is ${shown(place)}`);
  }
  const isHotPlug = done?.document.includes("<ATTACH>") ?? false;
  return { calls, after, ms: done?.ms ?? 0, isHotPlug, differences };
}

/** Calls in their order, equal neighbours folded: `get×2, attach`. */
export function folded(calls: readonly CallName[]): string {
  const runs: { call: CallName; times: number }[] = [];
  for (const call of calls) {
    const last = runs.at(-1);
    if (last?.call === call) last.times += 1;
    else runs.push({ call, times: 1 });
  }
  return runs.length === 0 ? "no call" : runs.map(({ call, times }) => counted(call, times)).join(", ");
}

/** How an address's place is written for a reader. */
export function shown(place: string): string {
  return place === "none" ? "–" : place;
}

function exitDifferences(warns: boolean, { code, signal, plain, stderr }: RunResult): string[] {
  if (code !== 0) return [`exit: expected 0, was ${code ?? signal}: ${plain.join(" / ") || "without a word"}`];
  const warnings = stderr.split("\n").filter((line) => line.startsWith("WARN: "));
  if (warns && warnings.length === 0) return ["standard error: expected a warning, has none"];
  const told = warns ? plain : [...plain, ...warnings];
  return told.map((line) => `standard error: expected no complaint, was: ${line}`);
}

function answerDifferences(stage: Stage, { step, result }: Run): string[] {
  const { answers } = step;
  if (answers === undefined) {
    return result.stdout === "" ? [] : [`standard output: expected nothing, has ${result.stdout.length} characters`];
  }
  if (result.code !== 0) return [];
  if (step.ask !== "register_address_range") {
    const address = readTemplate(result.stdout, "ADDRESS");
    return differing("ADDRESS", address, new Map([["IP", stage.ranges.get(answers)?.get("IP") ?? ""]]));
  }
  const range = readTemplate(result.stdout, "AR");
  stage.ranges.set(answers, range);
  const flexibleIp = stage.rig.simulator.account.get(range.get("SCW_FLEXIBLE_IP_ID") ?? "");
  if (flexibleIp === undefined) return ["AR: expected the id of a flexible IP, there is none of that id"];
  const held = { IP: flexibleIp.ip_address, EXTERNAL_IP: flexibleIp.ip_address };
  const expected = { ...held, MAC: flexibleIp.mac_address?.mac_address ?? "", TYPE: "IP4", SIZE: "1" };
  return differing("AR", range, new Map(Object.entries(expected)));
}

function differing(name: string, answer: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  return [...expected]
    .filter(([key, value]) => answer.get(key) !== value)
    .map(([key, value]) => `${name}: expected ${key} ${value}, was ${answer.get(key) ?? "missing"}`);
}

function callDifferences(step: Step, calls: readonly CallName[]): string[] {
  const counts = new Map(Object.entries(step.calls));
  const isAsExpected = [...new Set([...counts.keys(), ...calls])].every((call) => {
    const expected = counts.get(call) ?? 0;
    const actual = calls.filter((made) => made === call).length;
    return step.waits && call === "get" ? actual >= expected : actual === expected;
  });
  if (isAsExpected) return [];
  const expected = [...counts].map(([call, times]) => counted(call, times)).join(", ") || "no call";
  return [`calls: expected ${expected}${step.waits ? " (or more get)" : ""}, was ${folded(calls)}`];
}

function counted(call: string, times: number): string {
  return times === 1 ? call : `${call}×${times}`;
}

function whereabouts({ rig, ranges }: Stage, range: RangeName): string {
  const id = ranges.get(range)?.get("SCW_FLEXIBLE_IP_ID");
  if (id === undefined) return "none";
  const flexibleIp = rig.simulator.account.get(id);
  if (flexibleIp?.status === "detaching") return `leaving ${hostOf(flexibleIp, rig.hosts)}`;
  const place = placeOf(flexibleIp, rig.hosts);
  return flexibleIp?.status === "attached" ? `attached ${place}` : place;
}

function isAt(expected: Whereabouts, place: string): boolean {
  return place === expected || (expected.startsWith("leaving") && place === "free");
}
