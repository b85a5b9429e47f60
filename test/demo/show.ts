// Plays a life and shows it.
import { rmSync } from "node:fs";
import type { Scene } from "./life.ts";
import { play } from "./play.ts";
import { proof } from "./proof.ts";
import { type Output, Screen } from "./screen.ts";
import { DELAYS, openStage, type Stage } from "./stage.ts";
import { columnsFor, headLines, stepLines } from "./table.ts";

/** Plays the scenes step by step and proves that nothing is left. True when all is as expected. */
export async function show(life: readonly Scene[], output: Output): Promise<boolean> {
  const screen = new Screen(output);
  const startedAt = performance.now();
  const stage = await openStage();
  // For an end by a signal or a closed pipe, where nothing below runs.
  const clearAway = (): void => rmSync(stage.rig.folder, { recursive: true, force: true });
  process.once("exit", clearAway);
  try {
    introduce(screen);
    const isRight = (await showSteps(screen, stage, life)) && showProof(screen, stage);
    summarize(screen, stage, isRight, performance.now() - startedAt);
    return isRight;
  } finally {
    process.off("exit", clearAway);
    await stage.rig.stop();
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
async function showSteps(screen: Screen, stage: Stage, life: readonly Scene[]): Promise<boolean> {
  const columns = columnsFor(screen.width);
  screen.line();
  for (const line of headLines(columns, screen.paint)) screen.line(line);
  let number = 0;
  for (const { title, steps } of life) {
    screen.prose(title, "bold");
    for (const step of steps) {
      number += 1;
      const note = `${String(number).padStart(2)} ${step.on.padEnd(2)} ${step.ask} is under way …`;
      const played = await screen.during(note, play(stage, step));
      for (const line of stepLines(columns, number, step, played, screen.paint)) screen.line(line);
      for (const difference of played.differences) screen.prose(difference, "red", "   ");
      if (played.differences.length > 0) return false;
    }
  }
  return true;
}

function showProof(screen: Screen, stage: Stage): boolean {
  screen.line();
  screen.line(screen.paint("bold", "What is left behind"));
  const claims = proof(stage);
  for (const { text, holds } of claims) {
    if (holds) screen.prose(text, undefined, "✓ ");
    else screen.prose(`expected, but not so: ${text}`, "red", "✗ ");
  }
  return claims.every(({ holds }) => holds);
}

function summarize(screen: Screen, { rig, runs }: Stage, isRight: boolean, ms: number): void {
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
