// JSON is a contract: the schemas in docs/schemas are made from the types that print, and hold what the executable prints.
// GOLDEN=write writes the schemas.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as z from "zod";
import { CHECK_IDS } from "../../driver/operator/doctor/checks.ts";
import { COMMANDS } from "../../driver/operator/manual.ts";
import { STEP_KINDS } from "../../driver/operator/reconcile/step.ts";
import { PROJECT, REPOSITORY } from "../rig.ts";
import { CloudRig, OURS, SERVER_B } from "./cloud-rig.ts";
import { CONTRACT, schemaFile, schemaOf } from "./json-contract.ts";

const FOLDER = join(REPOSITORY, "docs/schemas");
type Name = keyof typeof CONTRACT;
const isName = (name: string): name is Name => name in CONTRACT;
const NAMES = Object.keys(CONTRACT).filter(isName);
let rig: CloudRig;

before(async () => {
  rig = await (await CloudRig.start()).installed();
  rig.simulator.account.add({ ip: "203.0.113.9", tags: OURS, projectId: PROJECT });
  rig.change(({ vms }) => vms.push({ id: "7", name: "web", state: "3", lcmState: "3", host: "kvm-b" }));
});
after(() => rig.stop());

test("docs/schemas holds the schema of each command that prints JSON, and nothing else", () => {
  if (process.env.GOLDEN === "write") {
    mkdirSync(FOLDER, { recursive: true });
    for (const name of NAMES) writeFileSync(join(FOLDER, schemaFile(name)), schemaOf(name));
  }
  for (const name of NAMES) assert.equal(readFileSync(join(FOLDER, schemaFile(name)), "utf8"), schemaOf(name), name);
  assert.deepEqual(readdirSync(FOLDER).sort(), NAMES.map(schemaFile).sort());
  const printing = COMMANDS.filter(({ options }) => options.some(({ flags }) => flags.includes("--json")));
  assert.deepEqual(
    printing.map(({ name }) => name).filter((name) => !isName(name)),
    [],
  );
});

for (const [page, names] of [
  ["docs/drift.md", STEP_KINDS],
  ["docs/checks.md", CHECK_IDS],
] as const) {
  test(`${page} has a section for each kind or check, in its four lines, and for no other`, () => {
    const text = readFileSync(join(REPOSITORY, page), "utf8");
    const sections = text.split(/^## /m).slice(1);
    assert.deepEqual(sections.map((section) => section.split("\n")[0]).sort(), names.toSorted());
    for (const section of sections) {
      const lines = [...section.matchAll(/^- \*\*(\w+):\*\* /gm)].map(([, title]) => title);
      assert.deepEqual(lines, ["Meaning", "Impact", "Diagnosis", "Mitigation"], section);
    }
  });
}

/** Runs the command and holds what it prints against the schema in docs/schemas: an unknown or missing key fails. */
async function printed(command: Name, ...words: string[]): Promise<unknown> {
  const outcome = await rig.run([...command.split(" "), ...words, "-o", "json"]);
  const value: unknown = JSON.parse(outcome.stdout);
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(FOLDER, schemaFile(command)), "utf8")));
  const result = schema.safeParse(value);
  assert.ok(result.success, `${command}: ${result.error?.message}`);
  return value;
}

test("what each command prints is what its schema says", async () => {
  const added = z.array(z.object({ address: z.string() })).parse(await printed("range add", "public", "--count", "2"));
  const [address = "", other = ""] = added.map((range) => range.address);
  rig.change(({ networks }) => {
    const range = networks[0]?.ranges.find(({ attributes }) => attributes.IP === address);
    if (range !== undefined) range.vm = "7";
  });
  const id = rig.simulator.account.byAddress(address)?.id ?? "";
  rig.simulator.account.set(id, { serverId: SERVER_B, status: "attached" });
  await printed("doctor", "--no-hosts");
  await printed("list", "--grace", "0");
  await printed("show", address, "--grace", "0");
  await printed("status", "--grace", "0");
  await printed("range list");
  await printed("reconcile", "--grace", "0");
  await printed("logs");
  await printed("history", address);
  await printed("range remove", other, "--yes");
  assert.deepEqual(await printed("range list", "--network", "private"), []);
});

test("list -o json has numbers as numbers and null for what is absent", async () => {
  const records = z.array(z.record(z.string(), z.unknown())).parse(await printed("list", "--grace", "0"));
  const [leased, orphan] = [
    records.find(({ vm }) => vm === 7),
    records.find(({ address }) => address === "203.0.113.9"),
  ];
  assert.deepEqual([leased?.vm, leased?.network_id, leased?.range, leased?.holder], [7, 0, 0, { kind: "vm", id: 7 }]);
  assert.deepEqual([orphan?.vm, orphan?.network, orphan?.range, orphan?.holder], [null, null, null, null]);
});
