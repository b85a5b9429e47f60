// A part of what `make faults` plays: each kind on one way and at one point, the cheap crash points of a registration.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KINDS } from "./catalogue.ts";
import { PATHS } from "./paths.ts";
import { playAll, type Ran, type Run, runsOf, survey } from "./run.ts";

// Those that wait for a time limit, or load the machine.
const SLOW =
  /that stays|does not|no answer|every connection|never ends|refused$|DNS|200 processes|just now|nothing else/;

suite("faults", () => {
  test("there are 60 kinds or more, each with a name of its own", () => {
    assert.ok(KINDS.length >= 60);
    assert.equal(new Set(KINDS.map(({ name }) => name)).size, KINDS.length);
  });

  test("a part of them leaves nothing behind", async () => {
    const paths = [...Map.groupBy(PATHS, ({ action }) => action).values()].flatMap(([first]) => first ?? []);
    const runs = partOf(runsOf(KINDS, await survey(paths, 2)));
    const failed: Ran[] = [];
    const all = await playAll(runs, 2, (ran) => {
      if (ran.played.problems.length > 0) failed.push(ran);
    });
    assert.ok(all.length >= 60);
    assert.deepEqual(
      failed.map(({ kind, path, point, played }) => [kind.name, path, point, played.problems]),
      [],
    );
  });
});

/** One run of each quick kind, each on another way than the kind before. */
function partOf(runs: readonly Run[]): Run[] {
  const byKind = [...Map.groupBy(runs, ({ kind }) => kind).entries()];
  return byKind
    .filter(([{ name }]) => !SLOW.test(name))
    .flatMap(([, ofKind], index) => ofKind[ofKind[0]?.path === "" ? 0 : (index * 7) % ofKind.length] ?? []);
}
