// The journal on disk: missing, damaged, killed in the middle of a write, in a folder that may not be written.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openLog } from "../../driver/log.ts";
import { Journal } from "../../driver/state/journal.ts";
import { wholeJournal } from "../cloud/journal.ts";
import { ipamDocument, rangeOf, readTemplate } from "../documents.ts";
import { InProcessRig } from "../in-process/rig.ts";
import { type IpamAction, plainLines, Rig, type RunResult } from "../rig.ts";

const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });
const ACTIONS = ["get_address", "allocate_address", "free_address", "register_address_range"] as const;
const UNKNOWN_ID = "f1e81b1e-0000-4000-8000-0000000000ff";
const KILLS = 12;
// Any account but root, to which no folder is closed.
const NOBODY = 65_534;

suite("a journal", { concurrency: 2 }, () => {
  test("is begun by the first run, for its owner's eyes alone", async (t) => {
    const rig = await start(t);
    const { stateFile } = rig.frontEnd;
    assert.ok(!existsSync(dirname(stateFile)));
    const umask = process.umask(0);
    const run = await rig.ipam("register_address_range", NEW_RANGE);
    process.umask(umask);
    succeeded(run);
    assert.doesNotMatch(run.stderr, /WARN/);
    assert.equal(statSync(stateFile).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(stateFile)).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(dirname(stateFile)), [basename(stateFile)]);
    assert.deepEqual(wholeJournal(stateFile).intents, {});
  });

  for (const [how, damage] of [
    ["is cut", (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ["is empty", () => Buffer.alloc(0)],
    ["is of another version", (whole: Buffer) => Buffer.from(whole.toString().replace('"version": 1', '"version": 2'))],
    ["has an entry that is none", (whole: Buffer) => Buffer.from(whole.toString().replace('"since"', '"until"'))],
    ["is a list", () => Buffer.from("[]")],
    ["is binary", () => Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe, 0x80])],
  ] as const) {
    for (const action of ACTIONS) {
      test(`that ${how} is set aside by ${action}`, async (t) => {
        const rig = await start(t);
        const { stateFile } = rig.frontEnd;
        const document = await leasedDocument(rig, action);
        const damaged = damage(readFileSync(stateFile));
        writeFileSync(stateFile, damaged);

        const run = await rig.ipam(action, document);
        succeeded(run);
        const [warning = "", ...more] = run.stderr.split("\n").filter((line) => line.startsWith("WARN: "));
        assert.deepEqual(more, []);
        assert.match(warning, /state file .* is damaged and was set aside as /);
        const aside = /set aside as (\S+);/.exec(warning)?.[1] ?? "";
        assert.deepEqual(readFileSync(aside), damaged);
        assert.deepEqual(readdirSync(dirname(stateFile)).sort(), [basename(stateFile), basename(aside)].sort());
        wholeJournal(stateFile);
        assert.equal(statSync(stateFile).mode & 0o777, 0o600);

        const next = await rig.ipam(action, document);
        succeeded(next);
        assert.doesNotMatch(next.stderr, /WARN/);
      });
    }
  }

  test("that was lost costs nothing", async (t) => {
    const rig = await start(t);
    const document = await leasedDocument(rig, "get_address");
    rmSync(dirname(rig.frontEnd.stateFile), { recursive: true });
    const run = await rig.ipam("get_address", document);
    succeeded(run);
    assert.doesNotMatch(run.stderr, /WARN/);
    assert.equal(Object.keys(wholeJournal(rig.frontEnd.stateFile).leases).length, 1);
    assert.equal(rig.simulator.account.all().length, 1);
  });

  test("is whole at any time, however many writers are killed", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "scw-flexip-journal-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "state.json");
    const writers = new Set<number>();
    let looks = 0;
    for (let kills = 0; kills < KILLS; kills += 1) {
      const writer = child("write-journal.ts", file, join(folder, "log"));
      await once(writer.stdout, "data");
      // The number of looks differs, and with it the moment at which the writer is hit.
      for (let count = 0; count < 3 + kills * 2; count += 1) {
        const entries = Object.values(wholeJournal(file).leases).map(({ flexibleIpId }) => flexibleIpId);
        assert.equal(entries.length, 500);
        assert.equal(new Set(entries).size, 1, "entries of two writes in one file");
        looks += 1;
        await nextTurn();
      }
      writer.kill("SIGKILL");
      await once(writer, "close");
      writers.add(writer.pid ?? 0);
      const [entry] = Object.values(wholeJournal(file).leases);
      assert.ok(entry?.flexibleIpId.startsWith(`${writer.pid}-`));
      // Nobody else is there: what it held need not be waited for.
      rmSync(`${file}.lock`, { recursive: true, force: true });
    }
    assert.equal(writers.size, KILLS);
    assert.ok(looks > 0);
    // A log would hold a warning.
    const left = readdirSync(folder).filter((name) => name !== "state.json" && !name.startsWith("state.json.new-"));
    assert.deepEqual(left, []);
  });
});

test("a journal of 0.1.0 is read, and what it says of detaches is dropped", async (t) => {
  const rig = await start(t);
  const document = await leasedDocument(rig, "get_address");
  const { stateFile } = rig.frontEnd;
  const owedDetaches = { [UNKNOWN_ID]: { lease: "192.0.2.1", address: "192.0.2.1", asOf: "2026-01-01T00:00:00Z" } };
  writeFileSync(stateFile, JSON.stringify({ ...JSON.parse(readFileSync(stateFile, "utf8")), owedDetaches }));
  const run = await rig.ipam("get_address", document);
  succeeded(run);
  assert.doesNotMatch(run.stderr, /WARN/);
  assert.equal(Object.keys(wholeJournal(stateFile).leases).length, 1);
  assert.deepEqual(readdirSync(dirname(stateFile)), [basename(stateFile)]);
});

test("a writer that stands still for longer than its lock lives loses nothing of what another one wrote", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-journal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "state.json");
  const slow = new Journal(file, openLog({ level: "error", file: join(folder, "log"), context: {} }));
  let isFirst = true;
  await slow.update((state) => {
    state.leases["192.0.2.1"] = { flexibleIpId: "slow", since: "" };
    if (!isFirst) return;
    isFirst = false;
    // Stands still: its lock looks an hour old, and another process takes it and writes.
    utimesSync(`${file}.lock`, 0, 0);
    const other = spawnSync(process.execPath, [join(import.meta.dirname, "note-lease.ts"), file, "192.0.2.2"]);
    assert.equal(other.status, 0, String(other.stderr));
  });
  assert.deepEqual(Object.keys(wholeJournal(file).leases).sort(), ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(readdirSync(folder), ["state.json"]);
});

test("a writer that loses its lock each time gives up at the third, writes nothing, and says why", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-journal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "state.json");
  const slow = new Journal(file, openLog({ level: "error", file: join(folder, "log"), context: {} }));
  let tries = 0;
  const lose = (): void => {
    tries += 1;
    rmSync(`${file}.lock`, { recursive: true });
    mkdirSync(`${file}.lock`);
    // Whoever took it has died since.
    utimesSync(`${file}.lock`, 0, 0);
  };
  await assert.rejects(slow.update(lose), /state file .*its disk takes longer than the lock is held.*; check /);
  assert.equal(tries, 3);
  assert.ok(!existsSync(file));
});

suite("a journal in a folder that may not be written", () => {
  for (const kind of ["an empty folder", "a folder with a journal", "a folder that is missing"] as const) {
    test(kind, async (t) => {
      const rig = await Rig.start();
      const { stateFile, logDir, root } = rig.frontEnd;
      const range = rangeOf(readTemplate((await rig.ipam("register_address_range", NEW_RANGE)).stdout, "AR"));
      const lease = ipamDocument(range, { IP: range.IP, SIZE: "1" });
      if (kind === "an empty folder") rmSync(stateFile);
      if (kind === "a folder that is missing") rmSync(dirname(stateFile), { recursive: true });
      const closed = kind === "a folder that is missing" ? dirname(dirname(stateFile)) : dirname(stateFile);
      giveTo(NOBODY, [rig.folder, dirname(root), join(dirname(root), "token"), logDir, join(logDir, "scw-flexip.log")]);
      if (closed === dirname(stateFile)) giveTo(NOBODY, [closed, ...filesIn(closed)]);
      chmodSync(closed, 0o500);
      t.after(async () => {
        chmodSync(closed, 0o700);
        await rig.stop();
      });
      const before = existsSync(stateFile) ? readFileSync(stateFile) : undefined;

      rig.simulator.clearRequests();
      const refused = await runAs(NOBODY, rig, "register_address_range", NEW_RANGE);
      assert.deepEqual({ code: refused.code, stdout: refused.stdout }, { code: 1, stdout: "" }, refused.stderr);
      assert.equal(refused.plain.length, 1, refused.stderr);
      assert.match(refused.plain[0] ?? "", /^register_address_range: state file .*; check the owner, the mode/);
      assert.ok(refused.plain[0]?.includes(stateFile));
      assert.deepEqual(
        rig.simulator.requests.filter(({ method }) => method !== "GET"),
        [],
      );

      for (const action of ["get_address", "allocate_address", "free_address"] as const) {
        const run = await runAs(
          NOBODY,
          rig,
          action,
          action === "get_address" ? ipamDocument(range, { SIZE: "1" }) : lease,
        );
        succeeded(run);
        assert.match(run.stderr, /^WARN: state file .* cannot be locked/m);
        if (action === "get_address") assert.equal(readTemplate(run.stdout, "ADDRESS").get("IP"), range.IP);
      }
      const unregistered = await runAs(NOBODY, rig, "unregister_address_range", ipamDocument(range));
      succeeded(unregistered);
      assert.deepEqual(rig.simulator.account.all(), []);
      assert.deepEqual(existsSync(stateFile) ? readFileSync(stateFile) : undefined, before);
    });
  }

  test("a folder in the place of the file", async (t) => {
    const rig = await start(t);
    const document = await leasedDocument(rig, "get_address");
    rmSync(rig.frontEnd.stateFile);
    mkdirSync(rig.frontEnd.stateFile);
    const refused = await rig.ipam("register_address_range", NEW_RANGE);
    assert.deepEqual({ code: refused.code, lines: refused.plain.length }, { code: 1, lines: 1 }, refused.stderr);
    assert.match(refused.plain[0] ?? "", /state file .* cannot be written .*; check/);
    assert.equal(rig.simulator.account.all().length, 1);
    const run = await rig.ipam("get_address", document);
    succeeded(run);
    assert.match(run.stderr, /^WARN: state file/m);
  });
});

async function start(t: TestContext): Promise<InProcessRig> {
  const rig = await InProcessRig.start();
  t.after(() => rig.stop());
  return rig;
}

/** A document for the action, about a range that is registered and leased; so the journal has an entry. */
async function leasedDocument(rig: InProcessRig, action: IpamAction): Promise<string> {
  const range = rangeOf(readTemplate((await rig.ipam("register_address_range", NEW_RANGE)).stdout, "AR"));
  const size = ipamDocument(range, { SIZE: "1" });
  succeeded(await rig.ipam("get_address", size));
  if (action === "register_address_range") return NEW_RANGE;
  return action === "get_address" ? size : ipamDocument(range, { IP: range.IP, SIZE: "1" });
}

function succeeded(run: RunResult): void {
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(run.plain, []);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Only root can give away; anybody else runs the driver as itself and owns all of it. */
function giveTo(user: number, files: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const file of files) chownSync(file, user, user);
}

function runAs(user: number, rig: Rig, action: IpamAction, document: string): Promise<RunResult> {
  const identity = process.getuid?.() === 0 ? { uid: user, gid: user } : {};
  const child = spawn(join(rig.frontEnd.root, "ipam/scw-flexip", action), { env: {}, ...identity, stdio: "pipe" });
  child.stdin.on("error", () => {});
  child.stdin.end(Buffer.from(document).toString("base64"));
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout, stderr, plain: plainLines(stderr) });
    });
  });
}

function child(script: string, ...parameters: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(import.meta.dirname, script), ...parameters], { stdio: "pipe" });
}
