// logs and history: rotated and compressed files, filters, and following what is written.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { CloudRig, EXECUTABLE } from "./cloud-rig.ts";

let rig: CloudRig;
const ID = "55555555-5555-4555-8555-555555555555";

function entry(time: string, level: string, message: string, more: Record<string, unknown> = {}): string {
  return `${JSON.stringify({ time, level, action: "get_address", host: "fe", pid: 1, message, ...more })}\n`;
}

before(async () => {
  rig = await (await CloudRig.start()).installed();
  mkdirSync(rig.at("var/log/vnm"));
  const old = entry("2026-01-01T00:00:00.000Z", "info", `created flexible IP 203.0.113.7 (${ID})`, {
    address: "203.0.113.7",
  });
  writeFileSync(rig.at("var/log/one/scw-flexip.log-20260101-1.gz"), gzipSync(old));
  const newer = entry("2026-02-01T00:00:00.000Z", "warn", "retry in 200 ms: read flexible IP 203.0.113.70", {
    vm: "8",
  });
  writeFileSync(rig.at("var/log/one/scw-flexip.log-20260201-1"), newer);
  const now =
    entry(new Date(Date.now() - 3_600_000).toISOString(), "debug", `call GET /fips/${ID} → 200`) +
    "no entry at all\n{}\n" +
    entry(new Date().toISOString(), "error", `leased flexible IP 203.0.113.7 (${ID})`, { flexible_ip_id: ID });
  writeFileSync(rig.at("var/log/one/scw-flexip.log"), now);
  const hook = entry("2026-01-15T00:00:00.000Z", "info", "attached flexible IP 203.0.113.7 to server", {
    vm: "7",
    action: "pre",
  });
  writeFileSync(rig.at("var/log/vnm/scw-flexip-pre.log"), hook);
  writeFileSync(rig.at("var/log/one/oned.log"), "203.0.113.7 is none of ours\n");
});
after(() => rig.stop());

async function messages(words: readonly string[]): Promise<string[]> {
  const outcome = await rig.run([...words, "-j"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  return JSON.parse(outcome.stdout).map(({ message }: { message: string }) => message.split(" ").slice(0, 4).join(" "));
}

test("history reads rotated and compressed logs in the order of time, and only the address asked for", async () => {
  assert.deepEqual(await messages(["history", "203.0.113.7"]), [
    "created flexible IP 203.0.113.7",
    "attached flexible IP 203.0.113.7",
    "leased flexible IP 203.0.113.7",
  ]);
  assert.deepEqual(await messages(["history", "203.0.113.70"]), ["retry in 200 ms:"]);
  assert.equal((await messages(["history", ID])).length, 3);
  const unknown = await rig.run(["history", "203.0.113"]);
  assert.deepEqual([unknown.code, unknown.stdout], [4, ""]);
});

test("logs filters by level, VM, address, time and number", async () => {
  assert.equal((await messages(["logs"])).length, 5);
  assert.deepEqual(await messages(["logs", "-n", "1"]), ["leased flexible IP 203.0.113.7"]);
  assert.deepEqual(await messages(["logs", "--level", "warn"]), ["retry in 200 ms:", "leased flexible IP 203.0.113.7"]);
  assert.deepEqual(await messages(["logs", "--vm", "7"]), ["attached flexible IP 203.0.113.7"]);
  assert.equal((await messages(["logs", "--address", ID])).length, 3);
  assert.equal((await messages(["logs", "--since", "2h"])).length, 2);
  assert.equal((await messages(["logs", "--since", "30m"])).length, 1);
  assert.equal((await messages(["logs", "--since", "2026-01-10"])).length, 4);
});

test("logs works while the settings are wrong", async () => {
  const outcome = await rig.run(["logs"], { env: { SCW_FLEXIP_ZONE: "paris" } });
  assert.equal(outcome.code, 0);
  assert.match(outcome.stdout, /leased flexible IP/);
});

test("logs --follow prints what is written, also after a rotation in place", async () => {
  const file = rig.at("var/log/one/scw-flexip.log");
  const words = ["logs", "--follow", "-n", "1", "--address", "203.0.113.9", "--root", rig.root];
  const child = spawn(EXECUTABLE, words, { env: rig.environment(), stdio: ["ignore", "pipe", "ignore"] });
  const line = (text: string): string => entry(new Date().toISOString(), "info", `${text} 203.0.113.9`);
  let said = "";
  let stage = 0;
  const writing = setInterval(() => appendFileSync(file, line("first")), 200);
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    if (stage === 0 && said.includes("first 203.0.113.9")) {
      stage = 1;
      clearInterval(writing);
      writeFileSync(file, line("second"));
    } else if (said.includes("second 203.0.113.9")) child.kill("SIGINT");
  });
  const [code] = await once(child, "close");
  clearInterval(writing);
  assert.equal(code, 130);
  assert.match(said, / {2}info {2}get_address {2}second 203\.0\.113\.9\n$/);
});

test("logs --follow ends when nobody reads it, as after head", async () => {
  const file = rig.at("var/log/one/scw-flexip.log");
  const words = ["logs", "--follow", "-n", "1", "--root", rig.root];
  const child = spawn(EXECUTABLE, words, { env: rig.environment(), stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.once("data", () => child.stdout.destroy());
  const writing = setInterval(() => appendFileSync(file, entry(new Date().toISOString(), "info", "more")), 200);
  const [code] = await once(child, "close");
  clearInterval(writing);
  assert.equal(code, 0);
});
