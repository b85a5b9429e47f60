// The documents of a package have only links that lead to a file of the package.
import assert from "node:assert/strict";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { stageDocuments } from "../../build/release/stage.ts";

test("every relative link of a packaged document leads to a file of the package", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-documents-"));
  context.after(() => rmSync(folder, { recursive: true }));
  stageDocuments(folder, []);
  const links = globSync("**/*.md", { cwd: folder }).flatMap((document) =>
    [...readFileSync(join(folder, document), "utf8").matchAll(/\]\(([^)\s#:]+)(?:#[^)\s]*)?\)/g)].map(
      ([, target = ""]) => [document, join(folder, dirname(document), target)] as const,
    ),
  );
  assert.ok(links.length > 50);
  assert.deepEqual(
    links.filter(([, file]) => !existsSync(file)),
    [],
  );
});
