// Plays a life, compares each step with what must come of it, and shows it.
import { rmSync } from "node:fs";
import { styleText } from "node:util";
import { hostOf, placeOf } from "../cloud/place.ts";
import { Cloud, DELAYS, type Run } from "./cloud.ts";
import type { Scene, Step } from "./life.ts";
import { proof } from "./proof.ts";

type Show = (text: string, style?: "bold" | "dim" | "green" | "red") => void;

/** Plays the scenes step by step and proves that nothing is left. True when all is as expected. */
export async function show(life: readonly Scene[], output: NodeJS.WritableStream): Promise<boolean> {
  const line: Show = (text, style) => {
    output.write(`${style === undefined ? text : styleText(style, text, { stream: output })}\n`);
  };
  const startedAt = performance.now();
  const cloud = await Cloud.open();
  // For an end by a signal or a closed pipe, where nothing below runs.
  const clearAway = (): void => rmSync(cloud.rig.folder, { recursive: true, force: true });
  process.once("exit", clearAway);
  try {
    introduce(line);
    const isRight = (await showSteps(line, cloud, life)) && showProof(line, cloud);
    summarize(line, cloud, isRight, performance.now() - startedAt);
    return isRight;
  } finally {
    process.off("exit", clearAway);
    await cloud.rig.stop();
  }
}

function introduce(line: Show): void {
  const [attach, detach] = [DELAYS.attachMs, DELAYS.detachMs].map((ms) => `${Number(ms) / 1_000} s`);
  line("The life of two public addresses, played by the built executable on a front-end");
  line("(fe) and two pretend hosts, A and B, against a simulator of the Flexible IP API.");
  line(`The real API takes 2 s to attach and 6 s to detach; here it is ${attach} and ${detach}.`, "dim");
  line("");
  line("   # on OpenNebula asks          address 1  address 2    ms API calls", "bold");
}

/** One row for each step; ends at the first that differs. */
async function showSteps(line: Show, cloud: Cloud, life: readonly Scene[]): Promise<boolean> {
  for (const { title, play, steps } of life) {
    line(title, "bold");
    const expected = steps.values();
    cloud.watch = async (run) => {
      const step = expected.next().value;
      if (step?.later) await cloud.rig.settled();
      const places = [whereabouts(cloud, 0), whereabouts(cloud, 1)];
      const wrong = differences(run, places, step);
      line(row(cloud.runs.length, run, places, wrong.length === 0 ? "✓" : "✗"), wrong.length === 0 ? undefined : "red");
      if (wrong.length > 0) throw new DifferentError(wrong.join("\n   "));
    };
    try {
      await play(cloud);
      const missing = expected.next().value;
      if (missing !== undefined) {
        throw new DifferentError(`oned: expected ${missing.ask} on ${missing.on}, which it did not ask for`);
      }
    } catch (error) {
      if (!(error instanceof DifferentError)) throw error;
      line(`   ${error.message}`, "red");
      return false;
    }
  }
  return true;
}

class DifferentError extends Error {}

function row(number: number, { asked, document, calls, ms }: Run, places: readonly string[], mark: string): string {
  const ask = document.includes("<ATTACH>") ? `${asked.ask} ATTACH=YES` : asked.ask;
  const [first = "", second = ""] = places;
  const columns = [mark, String(number).padStart(2), asked.on.padEnd(2), ask.padEnd(24), first.padEnd(10)];
  return [...columns, second.padEnd(10), String(ms).padStart(4), folded(calls)].join(" ");
}

/** Where the address is after the step: on a host, on its way off it, `free`, `gone`, or not bought yet. */
function whereabouts({ rig, obtained }: Cloud, index: number): string {
  const id = obtained[index];
  if (id === undefined) return "–";
  const flexibleIp = rig.simulator.account.get(id);
  if (flexibleIp?.status === "detaching") return `leaving ${hostOf(flexibleIp, rig.hosts)}`;
  const place = placeOf(flexibleIp, rig.hosts);
  return flexibleIp?.status === "attached" ? `attached ${place}` : place;
}

/** What is not as the step expects, a sentence each. */
function differences({ asked, result, calls }: Run, places: readonly string[], step: Step | undefined): string[] {
  if (step === undefined || step.on !== asked.on || step.ask !== asked.ask) {
    return [`oned: expected ${step === undefined ? "nothing more" : `${step.ask} on ${step.on}`}`];
  }
  const { code, signal, plain, stderr } = result;
  const warnings = stderr.split("\n").filter((line) => line.startsWith("WARN: "));
  const counted = step.waits ? calls.filter((call) => call !== "get") : calls;
  const facts = [
    ["exit", 0, code ?? signal],
    ["complaints", "", [...plain, ...(step.warns ? [] : warnings)].join(" / ")],
    ["a warning where one is due", true, !step.warns || warnings.length > 0],
    ["calls", folded(step.calls.toSorted()), folded(counted.toSorted())],
    ...step.after.map((expected, index) => {
      const hasLeft = expected.startsWith("leaving") && places[index] === "free";
      return [`address ${index + 1}`, expected, hasLeft ? expected : places[index]] as const;
    }),
  ] as const;
  return facts.flatMap(([what, expected, was]) =>
    expected === was ? [] : [`${what}: expected ${expected}, was ${was}`],
  );
}

/** Calls in their order, equal neighbours folded: `get×2, attach`. */
function folded(calls: readonly string[]): string {
  const text = calls.join(", ");
  return text.replaceAll(/([\w.]+)(?:, \1\b)+/g, (all, call) => `${call}×${all.split(", ").length}`) || "no call";
}

function showProof(line: Show, cloud: Cloud): boolean {
  const claims = proof(cloud);
  line("");
  line("What is left behind", "bold");
  for (const { text, holds } of claims) {
    if (holds) line(`✓ ${text}`);
    else line(`✗ expected, but not so: ${text}`, "red");
  }
  return claims.every(({ holds }) => holds);
}

function summarize(line: Show, { rig, runs }: Cloud, isRight: boolean, ms: number): void {
  const { requests } = rig.simulator;
  const done = (call: string, status: number): number =>
    requests.filter((request) => request.call === call && request.status === status).length;
  const facts = `${requests.length} calls, ${done("create", 200)} flexible IPs bought, ${done("delete", 204)} given back, ${(ms / 1_000).toFixed(1)} s`;
  line("");
  if (isRight) line(`All as expected: ${runs.length} steps, ${facts}`, "green");
  else line(`Not as expected, see ✗ above: ${facts}`, "red");
}
