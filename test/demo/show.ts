// Plays a life and shows it.
import { rmSync } from "node:fs";
import { Cloud, DELAYS } from "./cloud.ts";
import type { Scene } from "./life.ts";
import { play } from "./play.ts";
import { proof } from "./proof.ts";
import { type Output, Screen } from "./screen.ts";

import { columnsFor, headLines, stepLines } from "./table.ts";

/** Plays the scenes step by step and proves that nothing is left. True when all is as expected. */
export async function show(life: readonly Scene[], output: Output): Promise<boolean> {
  const screen = new Screen(output);
  const startedAt = performance.now();
  const cloud = await Cloud.open();
  // For an end by a signal or a closed pipe, where nothing below runs.
  const clearAway = (): void => rmSync(cloud.rig.folder, { recursive: true, force: true });
  process.once("exit", clearAway);
  try {
    introduce(screen);
    const isRight = (await showSteps(screen, cloud, life)) && showProof(screen, cloud);
    summarize(screen, cloud, isRight, performance.now() - startedAt);
    return isRight;
  } finally {
    process.off("exit", clearAway);
    await cloud.rig.stop();
  }
}

function introduce(screen: Screen): void {
  screen.prose("The life of two public addresses, played by the built executable on a front-end");
  screen.prose("(fe) and two pretend hosts, A and B, against a simulator of the Flexible IP API.");
  const seconds = (ms: number): string => `${ms / 1_000} s`;
  const here = `${seconds(DELAYS.attachMs)} and ${seconds(DELAYS.detachMs)}`;
  screen.prose(`The real API takes 2 s to attach and 6 s to detach; here it is ${here}.`, "dim");
}

/** One row for each step; ends at the first that differs. */
async function showSteps(screen: Screen, cloud: Cloud, life: readonly Scene[]): Promise<boolean> {
  const columns = columnsFor(screen.width);
  screen.line();
  for (const line of headLines(columns, screen.paint)) screen.line(line);
  let number = 0;
  for (const { title, play: act, steps } of life) {
    screen.prose(title, "bold");
    const expected = steps.values();
    cloud.watch = async (asked, run) => {
      number += 1;
      const note = `${String(number).padStart(2)} ${asked.on.padEnd(2)} ${asked.ask} is under way …`;
      const played = await screen.during(note, play(cloud, expected.next().value, asked, run));
      for (const line of stepLines(columns, number, asked, played, screen.paint)) screen.line(line);
      for (const difference of played.differences) screen.prose(difference, "red", "   ");
      if (played.differences.length > 0) throw new DifferentError();
    };
    try {
      await act(cloud);
    } catch (error) {
      if (error instanceof DifferentError) return false;
      throw error;
    }
    const missing = expected.next().value;
    if (missing === undefined) continue;
    screen.prose(`oned: expected ${missing.ask} on ${missing.on}, which it did not ask for`, "red", "   ");
    return false;
  }
  return true;
}

class DifferentError extends Error {
  override name = "DifferentError";
}

function showProof(screen: Screen, cloud: Cloud): boolean {
  screen.line();
  screen.line(screen.paint("bold", "What is left behind"));
  const claims = proof(cloud);
  for (const { text, holds } of claims) {
    if (holds) screen.prose(text, undefined, "✓ ");
    else screen.prose(`expected, but not so: ${text}`, "red", "✗ ");
  }
  return claims.every(({ holds }) => holds);
}

function summarize(screen: Screen, { rig, runs }: Cloud, isRight: boolean, ms: number): void {
  const { requests } = rig.simulator;
  const done = (call: string, status: number): number =>
    requests.filter((request) => request.call === call && request.status === status).length;
  const facts = [
    `${requests.length} calls`,
    `${done("create", 200)} flexible IPs bought`,
    `${done("delete", 204)} given back`,
    `${(ms / 1_000).toFixed(1)} s`,
  ].join(", ");
  screen.line();
  if (isRight) screen.prose(`All as expected: ${runs.length} steps, ${facts}`, "green");
  else screen.prose(`Not as expected, see ✗ above: ${facts}`, "red");
}
