// The demo itself: that it shows what it says, and that it notices what goes wrong.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { LIFE, type Scene, type Step } from "./demo/life.ts";
import { show } from "./demo/show.ts";
import { REPOSITORY } from "./rig.ts";

suite("demo", () => {
  test("plays the whole life and proves that nothing is left", async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["test/demo.ts"], { cwd: REPOSITORY });
    assert.equal(stdout.match(/^✓ [ \d]\d (fe|A|B) /gm)?.length, 22);
    const [, closing = ""] = stdout.split("What is left behind\n");
    assert.equal(closing.match(/^✓ /gm)?.length, 4);
    assert.match(closing, /^All as expected: 22 steps, \d+ calls, 2 flexible IPs bought, 2 given back, [\d.]+ s$/m);
    assert.doesNotMatch(stdout, /✗|\p{Cc}(?<!\n)|.{101}/u);
    assert.equal(stderr, "");
  });

  test("ends at the first step that differs, and says how", async () => {
    const withWrongCalls = ({ steps, ...scene }: Scene): Scene => ({
      ...scene,
      steps: steps.map((step) => (step.ask === "post" ? { ...step, calls: ["list" as const] } : step)),
    });
    const text = await failing(LIFE.slice(0, 3).map(withWrongCalls));
    assert.match(text, /^✗ {2}5 A {2}post .*\n {3}calls: expected list, was get\n\nNot as expected/m);
  });

  test("fails where oned asks for another action, for more or for less than expected", async () => {
    const [adding] = LIFE;
    const [first, second] = adding?.steps ?? [];
    assert.ok(adding && first && second);
    const other: Step = { on: "fe", ask: "get_address", calls: second.calls, after: second.after };
    for (const [steps, words] of [
      [[first, other], "expected get_address on fe"],
      [[first], "expected nothing more"],
      [[first, second, second], "expected register_address_range on fe, which it did not ask for"],
    ] as const) {
      const text = await failing([{ ...adding, steps }]);
      assert.ok(text.includes(`   oned: ${words}\n`), text);
    }
  });

  test("fails when all steps are as expected and something is left behind", async () => {
    const text = await failing(LIFE.slice(0, 1));
    assert.doesNotMatch(text, /^ {3}\w+: expected/m);
    assert.match(text, /^✗ expected, but not so: no flexible IP of ours is left/m);
  });
});

/** What a demo of that life shows, which does not end well. */
async function failing(life: readonly Scene[]): Promise<string> {
  const output = new PassThrough();
  assert.equal(await show(life, output), false);
  return (await output.end().toArray()).join("");
}
