// What a change of the settings touches, and what it leaves alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildGraph, type Graph, read } from "./graph.ts";
import { all, one, SERVER } from "./registrations.ts";
import type { Registration } from "./world.ts";

describe("nothing is replaced by accident", () => {
  test("a changed image changes only what is ignored", async () => {
    const before = await buildGraph({ written: { workerCount: "3" } });
    const after = await buildGraph({
      written: { workerCount: "3", osVersion: "26.04 LTS" },
      answers: { "scaleway:elasticmetal/getOs:getOs": "fr-par-2/33333333-3333-4333-8333-333333333333" },
    });
    const changed = after.registrations.filter(
      ({ type, name, inputs }) => JSON.stringify(one(before, type, name).inputs) !== JSON.stringify(inputs),
    );
    assert.deepEqual(changed.map(({ type, name }) => `${type} ${name}`).sort(), [
      `${SERVER} fe`,
      ...[1, 2, 3].map((n) => `${SERVER} worker-0${n}`),
    ]);
    for (const { inputs, ignoreChanges, name } of changed) {
      const old = one(before, SERVER, name).inputs;
      assert.deepEqual({ ...inputs, os: old.os }, old);
      assert.deepEqual(ignoreChanges, ["os"]);
    }
  });

  test("worker 3 of 5 removed touches no other resource", async () => {
    const before = await buildGraph({ written: { workerCount: "5" } });
    const after = await buildGraph({ written: { workerCount: "5", removedWorkers: "[3]" } });
    const key = ({ type, name }: Registration) => `${type} ${name}`;
    const gone = before.registrations.filter((was) => !after.registrations.some((is) => key(is) === key(was)));
    assert.deepEqual(gone.map(({ name }) => name).sort(), [
      "worker-03",
      "worker-03",
      "worker-03-hosttohost",
      "worker-03-network",
      "worker-03-vmtovm",
    ]);
    const stayed = before.registrations.filter((was) => !gone.includes(was));
    assert.deepEqual(
      new Map(after.registrations.map((is) => [key(is), is])),
      new Map(stayed.map((was) => [key(was), was])),
    );
    assert.equal(
      after.registrations.some((is) => is.dependsOn.some((urn) => urn.includes("worker-03"))),
      false,
    );
  });

  test("a worker about to be removed loses both protections, and it alone", async () => {
    const graph = await buildGraph({ written: { workerCount: "3", unprotectedWorkers: "[3]" } });
    const guards = all(graph, SERVER).map(({ name, protect, inputs }) => [name, protect, inputs.protected]);
    assert.deepEqual(guards, [
      ["fe", true, true],
      ["worker-01", true, true],
      ["worker-02", true, true],
      ["worker-03", false, false],
    ]);
  });

  test("the protection as a whole can be lifted", async () => {
    const graph = await buildGraph({ written: { protect: "false" } });
    assert.ok(all(graph, SERVER).every(({ protect, inputs }) => !protect && inputs.protected === false));
  });
});

describe("a preview", () => {
  test("declares the same resources, before anything computed is known", async () => {
    const [update, preview] = [await buildGraph(), await buildGraph({ preview: true })];
    const shape = ({ registrations }: Graph) =>
      registrations.map(({ type, name, protect, ignoreChanges }) => ({ type, name, protect, ignoreChanges }));
    assert.deepEqual(shape(preview), shape(update));
    assert.equal((await read(preview.outputs.hosts)).value, undefined);
    assert.equal((await read(preview.outputs.inventory)).secret, true);
  });
});
