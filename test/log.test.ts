// Each case runs the log in a process of its own: what is tested is what arrives on standard error and in the file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, suite, test } from "node:test";
import { LOG_LEVELS } from "../driver/log.ts";

const TOKEN = "planted-token";
const DRIVER = new URL("../driver/log.ts", import.meta.url).href;

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-log-"));
const file = join(folder, "deep", "er", "scw-flexip.log");
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => rmSync(join(folder, "deep"), { recursive: true, force: true }));

const EACH = 'log.debug("a debug"); log.info("an info"); log.warn("a warn"); log.error("an error");';

suite("openLog", () => {
  const levels = [
    {
      level: "debug",
      stderr: "DEBUG: a debug\nINFO: an info\nWARN: a warn\n",
      inFile: ["debug", "info", "warn", "error"],
    },
    { level: "info", stderr: "INFO: an info\nWARN: a warn\n", inFile: ["info", "warn", "error"] },
    { level: "warn", stderr: "WARN: a warn\n", inFile: ["warn", "error"] },
    { level: "error", stderr: "", inFile: ["error"] },
  ];
  test("knows these levels", () =>
    assert.deepEqual(
      levels.map(({ level }) => level),
      [...LOG_LEVELS],
    ));
  for (const { level, stderr, inFile } of levels) {
    test(`at ${level}`, () => {
      assert.equal(run(EACH, { level }).stderr, stderr);
      assert.deepEqual(
        entries().map((entry) => entry.level),
        inFile,
      );
    });
  }

  test("writes one JSON object a line, with time, level, context and fields", () => {
    run('log.warn("left it", { address: "203.0.113.7", duration_ms: 12, is: true, server_id: null, gone: undefined })');
    const [entry] = entries();
    assert.match(String(entry?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...entry, time: "" },
      {
        time: "",
        level: "warn",
        action: "get_address",
        vm: "42",
        message: "left it",
        address: "203.0.113.7",
        duration_ms: 12,
        is: true,
        server_id: null,
      },
    );
  });

  test("adds to what is there", () => {
    run('log.info("first")');
    run('log.info("second")');
    assert.deepEqual(
      entries().map((entry) => entry.message),
      ["first", "second"],
    );
  });

  test("lets nobody but owner and group read, and the group not write", () => {
    run(EACH);
    assert.equal(statSync(file).mode & 0o027, 0);
    assert.equal(statSync(join(folder, "deep")).mode & 0o027, 0);
  });

  const texts = [
    { text: "one\ntwo\r\n\tthree", line: "one two three" },
    { text: "a  b", line: "a b" },
    { text: "a\u2028b", line: "a b" },
    { text: 'with "quotes" and \\', line: 'with "quotes" and \\' },
    { text: "ü €", line: "ü €" },
  ];
  for (const { text, line } of texts) {
    test(`keeps ${JSON.stringify(text)} on one line`, () => {
      assert.equal(run(`log.info(${JSON.stringify(text)})`).stderr, `INFO: ${line}\n`);
      assert.deepEqual(
        entries().map((entry) => entry.message),
        [line],
      );
    });
  }
});

suite("a secret", () => {
  const leaks = [
    `log.info("sent ${TOKEN} and ${TOKEN}")`,
    `log.error("sent ${TOKEN}")`,
    `log.info("sent", { header: "${TOKEN}" })`,
    `log.info("sent", { "${TOKEN}": 1 })`,
    `log.info("Bearer ${TOKEN}!")`,
  ];
  for (const leak of leaks) {
    test(`is hidden in ${leak}`, () => {
      const { stderr } = run(`log.withSecret("${TOKEN}"); ${leak}`);
      for (const text of [stderr, readFileSync(file, "utf8")]) assert.ok(!text.includes(TOKEN), text);
      assert.match(readFileSync(file, "utf8"), /\*\*\*/);
    });
  }

  test("is hidden by the log it was told to and by the one it was told through", () => {
    const { stderr } = run(`const other = log.withSecret("${TOKEN}"); log.info("${TOKEN}"); other.info("${TOKEN}");`);
    assert.equal(stderr, "INFO: ***\nINFO: ***\n");
  });
});

suite("a log file that cannot be written", () => {
  test("is told once and done without", () => {
    writeFileSync(join(folder, "deep"), "a file where the folder should be");
    const { stderr, code } = run('log.info("one"); log.info("two");');
    assert.match(stderr, /^WARN: log file \S+scw-flexip\.log cannot be written \(.+\)\nINFO: one\nINFO: two\n$/);
    assert.equal(code, 0);
  });

  test("is told once when it fills up", { skip: !existsSync("/dev/full") && "no /dev/full" }, () => {
    const { stderr, code } = run('log.info("one"); log.info("two");', { file: "/dev/full" });
    assert.match(stderr, /^WARN: log file \/dev\/full cannot be written \(ENOSPC.+\)\nINFO: one\nINFO: two\n$/);
    assert.equal(code, 0);
  });
});

test("standard error that nobody can write to is done without", {
  skip: !existsSync("/dev/full") && "no /dev/full",
}, () => {
  const command = `exec "$0" --input-type=module -e "$1" 2>/dev/full`;
  const { status } = spawnSync("sh", ["-c", command, process.execPath, scriptOf(EACH, "debug", file)]);
  assert.equal(status, 0);
  assert.equal(entries().length, 4);
});

function run(calls: string, options: { level?: string; file?: string } = {}): { stderr: string; code: number | null } {
  const script = scriptOf(calls, options.level ?? "debug", options.file ?? file);
  const { stderr, stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(stdout, "");
  return { stderr, code: status };
}

function scriptOf(calls: string, level: string, path: string): string {
  const options = JSON.stringify({ level, file: path, context: { action: "get_address", vm: "42" } });
  return `import { openLog } from ${JSON.stringify(DRIVER)}; const log = openLog(${options}); ${calls}`;
}

function entries(): Record<string, unknown>[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
}
