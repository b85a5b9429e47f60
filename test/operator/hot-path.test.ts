// What oned and the network driver run loads nothing of the operator's commands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";

test("no action and no hook can reach the operator's modules or the option parser", async () => {
  const { metafile } = await build({
    entryPoints: ["driver/main.ts"],
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const reached = new Set<string>();
  const visit = (path: string): void => {
    // The one door to the commands; run.ts opens it for what is no action.
    if (reached.has(path) || path === "driver/command.ts") return;
    reached.add(path);
    for (const { path: next, external } of metafile.inputs[path]?.imports ?? []) if (external !== true) visit(next);
  };
  visit("driver/main.ts");
  assert.ok(reached.has("driver/ipam/run.ts") && reached.has("driver/bridge/host.ts"), "the walk follows import()");
  assert.deepEqual(
    [...reached].filter((path) => /driver\/operator|node_modules\/commander/.test(path)),
    [],
  );
  const door = metafile.inputs["driver/run.ts"]?.imports.find(({ path }) => path === "driver/command.ts");
  assert.equal(door?.kind, "dynamic-import");
});
