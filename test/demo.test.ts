// The demo itself: that it shows what it says, and that it notices what goes wrong.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { type Asked, LIFE, type Scene, type Step } from "./demo/life.ts";
import type { Played } from "./demo/play.ts";
import { wrap } from "./demo/screen.ts";
import { show } from "./demo/show.ts";
import { columnsFor, headLines, stepLines } from "./demo/table.ts";
import { REPOSITORY } from "./rig.ts";

suite("demo", () => {
  test("plays the whole life and proves that nothing is left", async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["test/demo.ts"], { cwd: REPOSITORY });
    const rows = stdout.split("\n").filter((line) => /^[ \d]\d (fe|A|B) .* ✓$/.test(line));
    assert.equal(rows.length, 22);
    const [, closing = ""] = stdout.split("What is left behind\n");
    assert.equal(closing.match(/^✓ /gm)?.length, 5);
    assert.match(closing, /^All as expected: 22 steps, \d+ calls, 2 flexible IPs bought, 2 given back, [\d.]+ s$/m);
    assert.doesNotMatch(stdout, /✗|\p{Cc}(?<!\n)/u);
    assert.equal(stderr, "");
  });

  test("ends at the first step that differs, and says how", async () => {
    const { isRight, text } = await shown(
      LIFE.slice(0, 3).map((scene) => ({
        ...scene,
        steps: scene.steps.map((step) => (step.ask === "post" ? { ...step, calls: { list: 1 } } : step)),
      })),
    );
    assert.equal(isRight, false);
    assert.match(text, /^ 5 A {2}post .* ✗$/m);
    assert.match(text, /^ {3}calls: expected list, was get$/m);
    assert.match(text, /^Not as expected/m);
  });

  test("fails where oned asks for another action, for more or for less than expected", async () => {
    const [adding] = LIFE;
    assert.ok(adding);
    const [first, second] = adding.steps;
    assert.ok(first && second);
    const other: Step = { on: "fe", ask: "get_address", calls: second.calls, after: second.after };
    for (const [steps, words] of [
      [[first, other], "expected get_address on fe"],
      [[first], "expected nothing more"],
      [[first, second, second], "expected register_address_range on fe, which it did not ask for"],
    ] as const) {
      const { isRight, text } = await shown([{ ...adding, steps }]);
      assert.equal(isRight, false);
      assert.ok(text.includes(`   oned: ${words}\n`), text);
    }
  });

  test("fails when all steps are as expected and something is left behind", async () => {
    const { isRight, text } = await shown(LIFE.slice(0, 1));
    assert.equal(isRight, false);
    assert.doesNotMatch(text, /^ {3}\w+: expected/m);
    assert.match(text, /^✗ expected, but not so: no flexible IP with a tag of ours is left/m);
  });
});

suite("table of the demo", () => {
  const asked: Asked = { on: "fe", ask: "unregister_address_range" };
  const played: Played = {
    calls: ["list", "create", "mac.generate", "get", "get", "attach", "get"],
    after: ["attached A", "leaving B"],
    ms: 1234,
    isHotPlug: false,
    differences: [],
  };
  const plain = (_style: string, text: string): string => text;

  for (const width of [80, 100, 200]) {
    test(`fits ${width} columns and breaks no call`, () => {
      const columns = columnsFor(width);
      const lines = [...headLines(columns, plain), ...stepLines(columns, 22, asked, played, plain)];
      assert.ok(lines.every((line) => line.length <= width));
      const calls = lines.slice(1).map((line) => line.slice(32).split(/ {2,}/)[0]);
      assert.equal(calls.join(" "), "list, create, mac.generate, get×2, attach, get");
    });
  }

  test("a longer word than fits stands on a line of its own", () => {
    assert.deepEqual(wrap("a long-word b c", 4), ["a", "long-word", "b c"]);
  });
});

async function shown(life: readonly Scene[]): Promise<{ isRight: boolean; text: string }> {
  const output = new PassThrough();
  const isRight = await show(life, output);
  output.end();
  return { isRight, text: (await output.toArray()).join("") };
}
