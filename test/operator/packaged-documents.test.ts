// What a package has to read: the man page, made from the help texts, and documents without a link that leads nowhere.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { manPage } from "../../build/release/man-page.ts";
import { stageDocuments } from "../../build/release/stage.ts";
import { COMMANDS, EXIT_CODES } from "../../driver/operator/manual.ts";
import { STEP_KINDS } from "../../driver/operator/reconcile/step.ts";
import { SETTINGS } from "../../driver/settings.ts";
import { folderOf } from "../rig.ts";

test("the man page has every command, option, exit code, setting and kind of drift, and is reproducible", () => {
  const page = manPage("1.2.3", "2026-11-20");
  assert.equal(page, manPage("1.2.3", "2026-11-20"));
  const flags = COMMANDS.flatMap(({ options }) => options.map((option) => option.flags));
  for (const { name, examples } of COMMANDS) {
    assert.ok(page.includes(`.SS "${name}`), name);
    assert.ok(
      examples.some(({ command }) => command.includes(`scw-flexip ${name}`)),
      `no example of ${name}`,
    );
  }
  for (const bold of [...flags, ...STEP_KINDS, ...Object.keys(SETTINGS), ...EXIT_CODES.map(([code]) => code)]) {
    assert.ok(page.includes(`.B ${String(bold).replaceAll("-", "\\-")}\n`), String(bold));
  }
  assert.doesNotMatch(page, /^[.'](?!\\"|TH|nh|SH|SS|PP|TP|B |br|BR|nf|fi|RS|RE)/m, "no request but those of man(7)");
});

test("every relative link of a packaged document leads to a file of the package", (context) => {
  const folder = folderOf(context);
  stageDocuments(folder, []);
  const links = globSync("**/*.md", { cwd: folder }).flatMap((document) => {
    const found = readFileSync(join(folder, document), "utf8").matchAll(/\]\(([^)\s#:]+)(?:#[^)\s]*)?\)/g);
    return [...found].map(([, target = ""]) => join(folder, dirname(document), target));
  });
  assert.ok(links.length > 50);
  const broken = links.filter((file) => !existsSync(file));
  assert.deepEqual(broken, []);
});
