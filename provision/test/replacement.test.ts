// What a change of the settings, or of the program, touches, and what it leaves alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { buildGraph, type Graph, read } from "./graph.ts";
import { all, one, SERVER } from "./registrations.ts";
import type { Registration } from "./world.ts";

const THREE = JSON.stringify(["host01", "host02", "host03"]);
const key = ({ type, name }: Registration) => `${type} ${name}`;

describe("nothing is replaced by accident", () => {
  test("a changed image or key of the operator changes only what is ignored", async () => {
    const before = await buildGraph({ written: { workers: THREE } });
    const after = await buildGraph({
      written: { workers: THREE, osVersion: "26.04 LTS" },
      answers: { "scaleway:elasticmetal/getOs:getOs": "fr-par-2/33333333-3333-4333-8333-333333333333" },
    });
    const changed = after.registrations.filter(
      ({ type, name, inputs }) => JSON.stringify(one(before, type, name).inputs) !== JSON.stringify(inputs),
    );
    assert.deepEqual(
      changed.map(key),
      ["fe", "host01", "host02", "host03"].map((name) => `${SERVER} ${name}`),
    );
    for (const { inputs, ignoreChanges, name } of changed) {
      const old = one(before, SERVER, name).inputs;
      assert.deepEqual({ ...inputs, os: old.os }, old);
      assert.deepEqual(ignoreChanges, ["os", "sshKeyIds", "tags"]);
    }
  });

  test("another prefix renames, and keeps every resource", async () => {
    const [before, after] = [await buildGraph(), await buildGraph({ written: { namePrefix: "acme" } })];
    assert.deepEqual(
      after.registrations.map(({ urn }) => urn).sort(),
      before.registrations.map(({ urn }) => urn).sort(),
    );
  });

  test("host02 of three removed touches no other resource", async () => {
    const before = await buildGraph({ written: { workers: THREE } });
    const after = await buildGraph({ written: { workers: '["host01", "host03"]' } });
    const gone = before.registrations.filter((was) => !after.registrations.some((is) => key(is) === key(was)));
    assert.deepEqual(gone.map(({ name }) => name).sort(), ["host02", "host02", "host02-hosttohost", "host02-vmtovm"]);
    const stayed = before.registrations.filter((was) => !gone.includes(was));
    assert.deepEqual(
      new Map(after.registrations.map((is) => [key(is), is])),
      new Map(stayed.map((was) => [key(was), was])),
    );
    assert.equal(
      after.registrations.some((is) => is.dependsOn.some((urn) => urn.includes("host02"))),
      false,
    );
  });

  test("a server that may be deleted loses every protection, with its addresses, and it alone", async () => {
    const graph = await buildGraph({ written: { workers: THREE, unprotected: '["host03"]' } });
    for (const { name, protect, inputs } of all(graph, SERVER)) {
      assert.deepEqual([protect, inputs.protected], [name !== "host03", name !== "host03"]);
    }
    const open = graph.registrations.filter(({ type, protect }) => type === "scaleway:ipam/ip:Ip" && !protect);
    assert.deepEqual(
      open.map(({ name }) => name),
      ["host03-hosttohost", "host03-vmtovm"],
    );
  });
});

describe("a stack of 0.1.0's program", () => {
  const former = readFileSync(new URL("fixtures/urns-0.1.0.txt", import.meta.url), "utf8")
    .trim()
    .split("\n");
  // Deleting one runs nothing on the host.
  const kept = former.filter((urn) => !urn.includes("command:local:Command"));

  test("keeps every resource, by its name or as an alias", async () => {
    const { registrations } = await buildGraph({ written: { workers: '["host01", "host02"]' } });
    const known = registrations.map(({ urn, aliases }) => ({ urn, all: [urn, ...aliases] }));
    const adopted = kept.map((urn) => known.filter(({ all: names }) => names.includes(urn)).map((found) => found.urn));
    assert.deepEqual(
      adopted.filter((found) => found.length !== 1),
      [],
    );
    assert.equal(new Set(adopted.flat()).size, registrations.length);
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
