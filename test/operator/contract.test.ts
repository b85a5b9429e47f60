// JSON is a contract: the schemas in docs/schemas are made from the types that print, and hold what the executable prints.
// GOLDEN=write writes the schemas.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { CHECK_IDS } from "../../driver/operator/doctor/checks.ts";
import { findingRow } from "../../driver/operator/doctor/report.ts";
import { logEntry } from "../../driver/operator/log-files.ts";
import { COMMANDS } from "../../driver/operator/manual.ts";
import { poolRecord } from "../../driver/operator/pool.ts";
import { rangeRecord } from "../../driver/operator/range.ts";
import { stepRow } from "../../driver/operator/reconcile/row.ts";
import { STEP_KINDS } from "../../driver/operator/reconcile/step.ts";
import { addressRecord } from "../../driver/operator/records.ts";
import { addressDetails } from "../../driver/operator/show.ts";
import { statusRecord } from "../../driver/operator/status.ts";
import { REPOSITORY } from "../rig.ts";
import { onRig, runVm, SERVER_B } from "./cloud-rig.ts";

const FOLDER = join(REPOSITORY, "docs/schemas");
/** What the commands print with -o json, by the command's name. */
const CONTRACT = new Map<string, z.core.$ZodType>([
  ["doctor", z.array(findingRow)],
  ["status", statusRecord],
  ["list", z.array(addressRecord)],
  ["show", addressDetails],
  ["history", z.array(logEntry)],
  ["logs", z.array(logEntry)],
  ["reconcile", z.array(stepRow)],
  ["pool", z.array(poolRecord)],
  ["range list", z.array(rangeRecord)],
  ["range add", z.array(rangeRecord)],
  ["range remove", z.array(rangeRecord)],
]);
const fileOf = (command: string): string => join(FOLDER, `${command.replace(" ", "-")}.schema.json`);

test("docs/schemas holds the schema of each command that prints JSON, and nothing else", () => {
  for (const [command, printed] of CONTRACT) {
    const schema = { title: `scw-flexip ${command} -o json`, ...z.toJSONSchema(printed) };
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    if (process.env.GOLDEN === "write") writeFileSync(fileOf(command), text);
    assert.equal(readFileSync(fileOf(command), "utf8"), text, command);
  }
  const printing = COMMANDS.filter(({ options }) => options.some(({ flags }) => flags.includes("--json")));
  const files = readdirSync(FOLDER).map((name) => join(FOLDER, name));
  assert.deepEqual(files.sort(), [...CONTRACT.keys()].map(fileOf).sort());
  assert.deepEqual(printing.map(({ name }) => fileOf(name)).sort(), files);
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

onRig("what each command prints is what its schema says", async (rig) => {
  /** Runs the command and holds what it prints against its schema: an unknown or missing key fails. */
  const printed = async (command: string, words: string, code = 0) => {
    const value = await rig.json(`${command}${words}`, code);
    const schema = z.fromJSONSchema(JSON.parse(readFileSync(fileOf(command), "utf8")));
    const result = schema.safeParse(value);
    assert.ok(result.success, `${command}: ${result.error?.message}`);
    return value;
  };
  rig.flexibleIp("203.0.113.9");
  const [{ address }, { address: other }] = await printed("range add", " public --count 2");
  runVm(rig, "7", "kvm-b");
  rig.changeRanges(([leased]) => Object.assign(leased ?? {}, { vm: "7" }));
  const id = rig.simulator.account.byAddress(address)?.id ?? "";
  rig.simulator.account.set(id, { serverId: SERVER_B, status: "attached" });
  await printed("doctor", " --no-hosts", 3);
  await printed("show", ` ${address} --grace 0`);
  await printed("status", " --grace 0", 3);
  await printed("range list", "");
  await printed("reconcile", " --grace 0", 3);
  await printed("pool", " public --spare 2 --max 3 --dry-run");
  await printed("logs", "");
  await printed("history", ` ${address}`);
  // Numbers are numbers, and what is absent is null.
  const [leased, , orphan] = await printed("list", " --grace 0");
  assert.partialDeepStrictEqual(leased, { vm: 7, network_id: 0, range: 0, holder: { kind: "vm", id: 7 } });
  assert.partialDeepStrictEqual(orphan, { vm: null, network: null, range: null, holder: null });
  await printed("range remove", ` ${other} --yes`);
  assert.deepEqual(await printed("range list", " --network private"), []);
});
