// The man page that packages ship: made from the help texts, and read by man without a complaint.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manPage } from "../../build/release/man-page.ts";
import { COMMANDS, EXIT_CODES } from "../../driver/operator/manual.ts";
import { STEP_KINDS } from "../../driver/operator/reconcile/step.ts";
import { SETTINGS } from "../../driver/settings.ts";

const hasMan = spawnSync("man", ["--version"]).status === 0 && spawnSync("groff", ["--version"]).status === 0;

test("the man page has every command, option, exit code, setting and kind of drift, and is reproducible", () => {
  const page = manPage("1.2.3", "2026-11-20");
  assert.equal(page, manPage("1.2.3", "2026-11-20"));
  for (const { name, options } of COMMANDS) {
    assert.ok(page.includes(`.SS "${name}`), name);
    for (const { flags } of options)
      assert.ok(page.includes(`.B ${flags.replaceAll("-", "\\-")}\n`), `${name} ${flags}`);
  }
  for (const name of [...STEP_KINDS, ...Object.keys(SETTINGS)]) {
    assert.ok(page.includes(`.B ${name.replaceAll("-", "\\-")}\n`), name);
  }
  for (const [code] of EXIT_CODES) assert.ok(page.includes(`.B ${code}\n`));
  assert.doesNotMatch(page, /^[.'](?!\\"|TH|nh|SH|SS|PP|TP|B |br|BR|nf|fi|RS|RE)/m, "no request but those of man(7)");
});

test("man reads the man page without a warning", { skip: hasMan ? false : "man or groff is not installed" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-man-"));
  writeFileSync(join(folder, "scw-flexip.1"), manPage("1.2.3", "2026-11-20"));
  const result = spawnSync("man", ["--warnings", "-l", join(folder, "scw-flexip.1")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, MANWIDTH: "80", LC_ALL: "C.UTF-8" },
  });
  rmSync(folder, { recursive: true });
  assert.equal(result.stderr, "");
  assert.match(result.stdout, /scw-flexip range add \[options\]/);
});
