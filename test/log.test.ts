// What arrives on standard error and in the file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, suite, test } from "node:test";
import { LOG_LEVELS, type Log, type LogLevel, openLog } from "../driver/log.ts";
import { folderOf } from "./rig.ts";

const TOKEN = "planted-token";
const NO_FULL = !existsSync("/dev/full") && "no /dev/full";

const folder = folderOf({ after });
const file = join(folder, "deep", "er", "scw-flexip.log");
beforeEach(() => rmSync(join(folder, "deep"), { recursive: true, force: true }));

suite("openLog", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    test(`at ${level} writes this level and those above`, () => {
      const shown = LOG_LEVELS.slice(index);
      const lines = shown.filter((one) => one !== "error").map((one) => `${one.toUpperCase()}: a ${one}\n`);
      assert.equal(
        stderrOf((log) => LOG_LEVELS.map((one) => log[one](`a ${one}`)), level),
        lines.join(""),
      );
      assert.deepEqual(
        entries().map((entry) => entry.level),
        shown,
      );
    });
  }

  test("writes one JSON object a line, with time, level, context and fields", () => {
    stderrOf((log) => log.warn("left it", { address: "203.0.113.7", is: true, server_id: null, gone: undefined }));
    assert.deepEqual(entries(), [
      {
        time: "2026-03-01T00:00:00.000Z",
        level: "warn",
        action: "get_address",
        vm: "42",
        message: "left it",
        address: "203.0.113.7",
        is: true,
        server_id: null,
      },
    ]);
  });

  test("adds to what is there, where nobody but owner and group may read, and the group not write", () => {
    for (const text of ["first", "second"]) stderrOf((log) => log.info(text));
    assert.deepEqual(messages(), ["first", "second"]);
    assert.equal(statSync(file).mode & 0o027, 0);
    assert.equal(statSync(join(folder, "deep")).mode & 0o027, 0);
  });

  test("keeps a text on one line, and its quotes and letters as they are", () => {
    assert.equal(
      stderrOf((log) => log.info('one\ntwo\r\n\tthree  a\u2028b "c" \\ ü €')),
      'INFO: one two three a b "c" \\ ü €\n',
    );
    assert.deepEqual(messages(), ['one two three a b "c" \\ ü €']);
  });

  test("hides a secret wherever it stands, also in the log that it came of", () => {
    const leak = (log: Log): void => {
      log.info(`sent ${TOKEN} and Bearer_${TOKEN}!`, { header: TOKEN, [TOKEN]: 1 });
      log.error(`sent ${TOKEN}`);
    };
    const stderr = stderrOf((log) => {
      leak(log.withSecret(TOKEN));
      leak(log);
    });
    const text = readFileSync(file, "utf8");
    assert.ok(!(stderr + text).includes(TOKEN), stderr + text);
    assert.equal(text.match(/\*\*\*/g)?.length, 10);
  });
});

suite("what cannot be written", () => {
  const twice = (log: Log): void => {
    log.info("one");
    log.info("two");
  };

  test("a log file costs one warning, and the lines still reach standard error", () => {
    writeFileSync(join(folder, "deep"), "a file where the folder should be");
    for (const path of [file, ...(existsSync("/dev/full") ? ["/dev/full"] : [])]) {
      const stderr = stderrOf(twice, "debug", path);
      assert.match(stderr, /^WARN: log file \S+ cannot be written \(.+\)\nINFO: one\nINFO: two\n$/);
    }
  });

  test("standard error that is full does not stop the log file", { skip: NO_FULL }, () => {
    const driver = JSON.stringify(new URL("../driver/log.ts", import.meta.url).href);
    const options = JSON.stringify({ level: "debug", file, context: {} });
    const script = `import { openLog } from ${driver}; openLog(${options}).info("one");`;
    const command = `exec "$0" --input-type=module -e "$1" 2>/dev/full`;
    assert.equal(spawnSync("sh", ["-c", command, process.execPath, script]).status, 0);
    assert.deepEqual(messages(), ["one"]);
  });
});

/** What `work` has its log write to standard error. */
function stderrOf(work: (log: Log) => void, level: LogLevel = "debug", path = file): string {
  let stderr = "";
  const machine = {
    now: () => Date.parse("2026-03-01T00:00:00Z"),
    write: (_stream: 1 | 2, text: string): void => {
      stderr += text;
    },
  };
  work(openLog({ level, file: path, context: { action: "get_address", vm: "42" }, machine }));
  return stderr;
}

function entries(): Record<string, unknown>[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}

function messages(): unknown[] {
  return entries().map((entry) => entry.message);
}
