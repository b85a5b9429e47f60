// logs and history: rotated and compressed files, filters, and following what is written.
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { after, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { addRange, installedRig, LOG } from "./cloud-rig.ts";

const ID = "55555555-5555-4555-8555-555555555555";
const rig = await installedRig({ after });
const FILE = rig.at(LOG);

function entry(time: Date | string, message: string, more: Record<string, unknown> = {}): string {
  const line = { time, level: "info", action: "get_address", host: "fe", pid: 1, message, ...more };
  return `${JSON.stringify(line)}\n`;
}

const address = "203.0.113.7";
const created = entry("2026-01-01T00:00:00.000Z", `created flexible IP ${address} (${ID})`, { address });
writeFileSync(`${FILE}-20260101-1.gz`, gzipSync(created));
const retried = entry("2026-02-01T00:00:00.000Z", `retry: read flexible IP ${address}0`, { level: "warn", vm: "8" });
writeFileSync(`${FILE}-20260201-1`, retried);
const called = entry(new Date(Date.now() - 3_600_000), `call GET /fips/${ID} → 200`, { level: "debug" });
const leased = entry(new Date(), `leased flexible IP ${address} (${ID})`, { level: "error", flexible_ip_id: ID });
writeFileSync(FILE, `${called}no entry at all\n{}\n${leased}`);
const hooked =
  entry("2026-01-15T00:00:00.000Z", `attached flexible IP ${address}`, { vm: "7", action: "pre" }) +
  entry("2026-01-16T00:00:00.000Z", "failed: no server id", { vm: "7", action: "pre", level: "error" }) +
  entry("2026-01-17T00:00:00.000Z", "broken: no server id", { vm: "9", action: "pre", level: "error" });
rig.write("var/log/vnm/scw-flexip-pre.log", hooked);
rig.write("var/log/one/oned.log", `${address} is none of ours\n`);

/** The first word of each message that the command line prints. */
async function words(line: string): Promise<string> {
  return firstWords((await rig.exits(0, `${line} -j`)).stdout);
}

function firstWords(stdout: string): string {
  const entries: { message: string }[] = JSON.parse(stdout);
  return entries.map(({ message }) => message.split(/:? /)[0]).join(" ");
}

test("history reads rotated and compressed logs in the order of time, and only the address asked for", async () => {
  assert.equal(await words(`history ${address}`), "created attached failed leased");
  assert.equal(await words(`history ${address}0`), "retry");
  assert.equal(await words(`history ${ID}`), "created call leased");
  assert.equal((await rig.exits(4, "history 203.0.113")).stdout, "");
});

test("history shows the failures of the VM that is named or has the address, and with --hosts the hosts' logs", async () => {
  assert.equal(await words(`history ${address} --vm 9`), "created attached failed broken leased");
  addRange(rig, address, "9");
  const ofHost = { ...JSON.parse(retried), message: "serving", vm: 9, address: null, flexible_ip_id: null };
  rig.change(({ hosts: [first] }) => {
    const command = `/var/tmp/one/ipam/scw-flexip/scw-flexip history ${address} -j --vm=9`;
    if (first !== undefined) first.answers[command] = JSON.stringify([ofHost]);
  });
  const { stdout, stderr } = await rig.exits(0, `history ${address} --hosts -j`);
  assert.equal(firstWords(stdout), "created attached failed broken serving leased");
  assert.match(stderr, /^host kvm-b was left out: its log cannot be read \(.*\)$/m);
});

test("logs filters by level, VM, address, time and number", async () => {
  assert.equal(await words("logs"), "created attached failed broken retry call leased");
  assert.equal(await words("logs -n 1"), "leased");
  assert.equal(await words("logs --level warn"), "failed broken retry leased");
  assert.equal(await words("logs --vm 7"), "attached failed");
  assert.equal(await words(`logs --address ${ID}`), "created call leased");
  assert.equal(await words("logs --since 2h"), "call leased");
  assert.equal(await words("logs --since 30m"), "leased");
  assert.equal(await words("logs --since 2026-02-01"), "retry call leased");
});

test("logs works while the settings are wrong", async () => {
  const { stdout } = await rig.exits(0, "logs", { env: { SCW_FLEXIP_ZONE: "paris" } });
  assert.match(stdout, /leased flexible IP/);
});

/** Follows the log, to which the line is appended again and again until the test stops it. */
function following(context: TestContext, line: string, more = "") {
  const child = rig.start(`logs --follow -n 1${more}`);
  const writing = setInterval(() => appendFileSync(FILE, line), 200);
  const stopWriting = (): void => clearInterval(writing);
  context.after(stopWriting);
  return { child, closed: once(child, "close"), stopWriting };
}

test("logs --follow prints what is written, also after a rotation", async (context) => {
  const line = (text: string): string => entry(new Date(), `${text} 203.0.113.9`);
  const { child, closed, stopWriting } = following(context, line("first"), " --address 203.0.113.9");
  let said = "";
  let isRotated = false;
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    if (!isRotated && said.includes("first 203.0.113.9")) {
      isRotated = true;
      stopWriting();
      // At once, because a look between truncating and writing would find an empty file.
      writeFileSync(`${FILE}.new`, line("second"));
      renameSync(`${FILE}.new`, FILE);
    }
    if (said.includes("second 203.0.113.9")) child.kill("SIGINT");
  });
  assert.equal((await closed)[0], 130);
  assert.match(said, / {2}info {2}get_address {2}second 203\.0\.113\.9\n$/);
});

test("logs --follow ends when nobody reads it, as after head", async (context) => {
  const { child, closed } = following(context, entry(new Date(), "more"));
  child.stdout.once("data", () => child.stdout.destroy());
  assert.equal((await closed)[0], 0);
});
