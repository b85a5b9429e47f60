// One step: run, look, compare.
import { hostOf, placeOf } from "../cloud/place.ts";
import { readTemplate } from "../documents.ts";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import type { RunResult } from "../rig.ts";
import type { Cloud, Run } from "./cloud.ts";
import type { Asked, Step, Whereabouts } from "./life.ts";

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

/** Runs what oned asks for, and compares it with the step that should come now. */
export async function play(
  cloud: Cloud,
  step: Step | undefined,
  asked: Asked,
  run: () => Promise<Run>,
): Promise<Played> {
  const { account, requests } = cloud.rig.simulator;
  const before = requests.length;
  const { document, result, ms } = await run();
  const calls = requests.slice(before).map(({ call }) => call);
  const differences = answerDifferences(cloud, asked, result);
  if (step?.later) await account.settled();
  const after = [whereabouts(cloud, 0), whereabouts(cloud, 1)] as const;
  if (step === undefined || step.on !== asked.on || step.ask !== asked.ask) {
    differences.push(`oned: expected ${step === undefined ? "nothing more" : `${step.ask} on ${step.on}`}`);
  } else {
    differences.push(...exitDifferences(step.warns === true, result), ...callDifferences(step, calls));
    for (const [index, place] of after.entries()) {
      const expected = step.after[index];
      if (expected === undefined || isAt(expected, place)) continue;
      differences.push(`address ${index + 1}: expected ${shown(expected)}, is ${shown(place)}`);
    }
  }
  return { calls, after, ms, isHotPlug: document.includes("<ATTACH>"), differences };
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

function answerDifferences(cloud: Cloud, { ask }: Asked, { code, stdout }: RunResult): string[] {
  if (!isAnswered(ask))
    return stdout === "" ? [] : [`standard output: expected nothing, has ${stdout.length} characters`];
  // Whether the address of a lease is the range's, oned looks itself.
  if (code !== 0 || ask !== "register_address_range") return [];
  const range = readTemplate(stdout, "AR");
  const id = range.get("SCW_FLEXIBLE_IP_ID") ?? "";
  cloud.obtained.push(id);
  const flexibleIp = cloud.rig.simulator.account.get(id);
  if (flexibleIp === undefined) return ["AR: expected the id of a flexible IP, there is none of that id"];
  const held = { IP: flexibleIp.ip_address, EXTERNAL_IP: flexibleIp.ip_address };
  const expected = { ...held, MAC: flexibleIp.mac_address?.mac_address ?? "", TYPE: "IP4", SIZE: "1" };
  return differing("AR", range, new Map(Object.entries(expected)));
}

/** Whether oned reads standard output. */
export function isAnswered(ask: Asked["ask"]): boolean {
  return ask === "register_address_range" || ask === "get_address";
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

function whereabouts({ rig, obtained }: Cloud, index: number): string {
  const id = obtained[index];
  if (id === undefined) return "none";
  const flexibleIp = rig.simulator.account.get(id);
  if (flexibleIp?.status === "detaching") return `leaving ${hostOf(flexibleIp, rig.hosts)}`;
  const place = placeOf(flexibleIp, rig.hosts);
  return flexibleIp?.status === "attached" ? `attached ${place}` : place;
}

function isAt(expected: Whereabouts, place: string): boolean {
  return place === expected || (expected.startsWith("leaving") && place === "free");
}
