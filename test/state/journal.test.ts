// The journal on disk: missing, damaged, killed in the middle of a write, at a place where nothing can be written.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openLog } from "../../driver/log.ts";
import { Journal } from "../../driver/state/journal.ts";
import { wholeJournal } from "../cloud/journal.ts";
import { readTemplate } from "../documents.ts";
import { onFrontEnd } from "../ipam/front-end.ts";
import { folderOf } from "../rig.ts";

const OTHER_PROCESS = join(import.meta.dirname, "other-process.ts");
const KILLS = 12;

suite("a journal", { concurrency: 2 }, () => {
  for (const [how, damage] of [
    ["is cut", (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ["is of another version", (whole: Buffer) => Buffer.from(whole.toString().replace('"version": 1', '"version": 2'))],
    ["has an intent that is none", (whole: Buffer) => Buffer.from(whole.toString().replace("{}", '{"x": {}}'))],
    ["has a lease that is none", (whole: Buffer) => Buffer.from(whole.toString().replace('"since"', '"until"'))],
  ] as const) {
    onFrontEnd(`that ${how} is set aside with one warning`, async (frontEnd, rig) => {
      const { stateFile } = rig.frontEnd;
      const range = await frontEnd.lease();
      const damaged = damage(readFileSync(stateFile));
      writeFileSync(stateFile, damaged);
      const { stderr } = await frontEnd.succeed("get_address", range);
      const [warning = "", ...more] = stderr.split("\n").filter((line) => line.startsWith("WARN: "));
      assert.deepEqual(more, []);
      const [, aside = ""] = /state file .* is damaged and was set aside as (\S+);/.exec(warning) ?? [];
      assert.deepEqual(readFileSync(aside), damaged);
      assert.deepEqual(readdirSync(dirname(stateFile)).sort(), [basename(stateFile), basename(aside)].sort());
      assert.equal(Object.keys(frontEnd.journal.leases).length, 1);
      assert.equal(statSync(stateFile).mode & 0o777, 0o600);
      assert.doesNotMatch((await frontEnd.succeed("get_address", range)).stderr, /WARN/);
    });
  }

  onFrontEnd("that was lost costs nothing", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    const folder = dirname(rig.frontEnd.stateFile);
    rmSync(folder, { recursive: true });
    assert.doesNotMatch((await frontEnd.succeed("get_address", range)).stderr, /WARN/);
    assert.equal(Object.keys(frontEnd.journal.leases).length, 1);
    assert.deepEqual(readdirSync(folder), [basename(rig.frontEnd.stateFile)]);
    frontEnd.expectOnly(range);
  });

  onFrontEnd("of 0.1.0 is read, and what it says of detaches is dropped", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    const owedDetaches = { [range.SCW_FLEXIBLE_IP_ID ?? ""]: { lease: "192.0.2.1", address: "192.0.2.1", asOf: "" } };
    writeFileSync(rig.frontEnd.stateFile, JSON.stringify({ ...frontEnd.journal, owedDetaches }));
    assert.doesNotMatch((await frontEnd.succeed("get_address", range)).stderr, /WARN/);
    assert.equal(Object.keys(frontEnd.journal.leases).length, 1);
    assert.doesNotMatch(readFileSync(rig.frontEnd.stateFile, "utf8"), /owedDetaches/);
  });

  test("is whole at any time, however many writers are killed", async (t) => {
    const file = join(folderOf(t), "state.json");
    for (let kills = 0; kills < KILLS; kills += 1) {
      const writer = spawn(process.execPath, [OTHER_PROCESS, "write", file]);
      await once(writer.stdout, "data");
      // The number of looks differs, and with it the moment at which the writer is hit.
      for (let looks = 0; looks < 3 + kills * 2; looks += 1) {
        const entries = Object.values(wholeJournal(file).leases).map(({ flexibleIpId }) => flexibleIpId);
        assert.equal(entries.length, 500);
        assert.equal(new Set(entries).size, 1, "entries of two writes in one file");
        await nextTurn();
      }
      writer.kill("SIGKILL");
      await once(writer, "close");
      const [entry] = Object.values(wholeJournal(file).leases);
      assert.ok(entry?.flexibleIpId.startsWith(`${writer.pid}-`));
      // Nobody else is there: what it held need not be waited for.
      rmSync(`${file}.lock`, { recursive: true, force: true });
    }
    // A log would hold a warning.
    const left = readdirSync(dirname(file)).filter((name) => !/^state\.json($|\.new-)/.test(name));
    assert.deepEqual(left, []);
  });
});

suite("a writer that stands still for longer than its lock lives", () => {
  const start = (t: TestContext): { file: string; slow: Journal } => {
    const file = join(folderOf(t), "state.json");
    return {
      file,
      slow: new Journal(file, openLog({ level: "error", file: join(dirname(file), "log"), context: {} })),
    };
  };

  test("loses nothing of what another one wrote", async (t) => {
    const { file, slow } = start(t);
    let isFirst = true;
    await slow.update((state) => {
      state.leases["192.0.2.1"] = { flexibleIpId: "slow", since: "" };
      if (!isFirst) return;
      isFirst = false;
      // Its lock looks an hour old, and another process takes it and writes.
      utimesSync(`${file}.lock`, 0, 0);
      const other = spawnSync(process.execPath, [OTHER_PROCESS, "note", file]);
      assert.equal(other.status, 0, String(other.stderr));
    });
    assert.deepEqual(Object.keys(wholeJournal(file).leases).sort(), ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(readdirSync(dirname(file)), ["state.json"]);
  });

  test("gives up the third time, writes nothing, and says why", async (t) => {
    const { file, slow } = start(t);
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
});

for (const [where, failure, block] of [
  ["in a folder that cannot be made", "locked", (folder: string) => writeFileSync(folder, "")],
  ["where a folder is", "written", (folder: string) => mkdirSync(join(folder, "state.json"), { recursive: true })],
] as const) {
  onFrontEnd(`no journal can be written ${where}: nothing is bought, and leases go on`, async (frontEnd, rig) => {
    const { stateFile } = rig.frontEnd;
    const range = await frontEnd.register();
    rmSync(dirname(stateFile), { recursive: true });
    block(dirname(stateFile));
    rig.simulator.clearRequests();
    const words = [
      new RegExp(`^register_address_range: state file ${stateFile} cannot be ${failure} .*; check the owner`),
    ];
    await frontEnd.fail("register_address_range", {}, ...words);
    assert.deepEqual(rig.simulator.calls(), []);
    for (const action of ["get_address", "allocate_address", "free_address"] as const) {
      const { stdout, stderr } = await frontEnd.succeed(action, range);
      assert.match(stderr, /^WARN: state file .* cannot be /m);
      if (action === "get_address") assert.equal(readTemplate(stdout, "ADDRESS").get("IP"), range.IP);
    }
    await frontEnd.succeed("unregister_address_range", range);
    assert.deepEqual(frontEnd.account.all(), []);
  });
}
