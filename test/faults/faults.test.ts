// A part of what `make faults` plays: each quick kind on one way and at one point.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, PATHS, playAll, type Run, runsOf, survey } from "./run.ts";

// Those that wait for a time limit.
const SLOW = /that stays|does not|no answer|every connection|refused$|DNS|just now/;

test("a part of the faults leaves nothing behind", async () => {
  const paths = [...Map.groupBy(PATHS, ({ action }) => action).values()].flatMap(([first]) => first ?? []);
  const all = await playAll(partOf(runsOf(KINDS, await survey(paths, 2))), 2);
  assert.ok(all.length >= 40, `${all.length} runs`);
  const failed = all.filter(({ problems }) => problems.length > 0);
  assert.deepEqual(
    failed.map(({ kind, path, point, problems }) => [kind.name, path.name, point, problems]),
    [],
  );
});

/** One run of each quick kind, each on another way than the kind before. */
function partOf(runs: readonly Run[]): Run[] {
  const byKind = [...Map.groupBy(runs, ({ kind }) => kind.name).entries()];
  return byKind
    .filter(([name]) => !SLOW.test(name))
    .flatMap(([, ofKind], index) => ofKind[(index * 7) % ofKind.length] ?? []);
}
