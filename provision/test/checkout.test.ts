// The checkout of one-deploy: a repository at one commit, by the real git.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "./tools.ts";

const PROGRAM = fileURLToPath(new URL("../operations/checkout.sh", import.meta.url));

describe("the checkout of a repository", { skip: without("git") }, () => {
  let folder: string;
  let commits: string[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "checkout-"));
    mkdirSync(join(folder, "origin"));
    const script = `git init -q . && git config user.email a@example.net && git config user.name a
      for n in 1 2; do echo $n >file; git add file; git commit -qm $n; git rev-parse --short HEAD; done`;
    commits = spawnSync("sh", ["-c", script], { cwd: join(folder, "origin"), encoding: "utf8" })
      .stdout.trim()
      .split("\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  test("is at the requested commit, also the second time and for another commit", () => {
    for (const [commit, content] of [
      [commits[0], "1\n"],
      [commits[0], "1\n"],
      [commits[1], "2\n"],
    ] as const) {
      const args = [PROGRAM, join(folder, "origin"), String(commit), join(folder, "copy")];
      const { status, stderr } = spawnSync("sh", args, { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(join(folder, "copy/file"), "utf8"), content);
    }
  });
});
