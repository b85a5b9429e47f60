// Completion scripts, asked by the shells that read them: bash, and zsh where it is installed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hasTool } from "../../build/release/release.ts";
import { CloudRig, EXECUTABLE } from "./cloud-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-completion-"));
let rig: CloudRig;
before(async () => {
  rig = await (await CloudRig.start()).installed();
  rig.change(({ networks }) => {
    const attributes = { IP: "203.0.113.7", SIZE: "1", TYPE: "IP4", IPAM_MAD: "scw-flexip" };
    networks[0]?.ranges.push({ id: "0", attributes });
  });
  writeFileSync(join(folder, "scw-flexip"), `#!/bin/sh\nexec ${EXECUTABLE} "$@" --root ${rig.root}\n`, { mode: 0o755 });
});
after(async () => {
  rmSync(folder, { recursive: true });
  await rig.stop();
});

const COMMANDS = [
  "install",
  "uninstall",
  "doctor",
  "status",
  "list",
  "show",
  "history",
  "logs",
  "metrics",
  "pool",
  "reconcile",
  "range",
  "reverse",
  "completion",
];
const FORMATS = ["json", "table", "wide"];
const KEY = join(folder, "key");
writeFileSync(KEY, "");

/** What is offered for the last word of a command line. */
function offered(shell: "bash" | "zsh", words: readonly string[]): string[] {
  const script = join(folder, shell);
  writeFileSync(script, spawnSync(EXECUTABLE, ["completion", shell], { encoding: "utf8" }).stdout);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const ask = {
    bash: `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _scw_flexip; printf '%s\\n' "\${COMPREPLY[@]}"`,
    zsh: `autoload -U compinit; compinit -D -u; source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
emulate sh -c _scw_flexip; print -rl -- $COMPREPLY`,
  }[shell];
  const { stdout, stderr } = spawnSync(shell, [...(shell === "zsh" ? ["-f"] : []), "-c", ask], {
    encoding: "utf8",
    env: { ...rig.environment(), PATH: `${folder}:${rig.environment().PATH}:${process.env.PATH}`, HOME: folder },
  });
  assert.equal(stderr, "", shell);
  return (
    stdout
      .split("\n")
      .map((line) => line.split("\t")[0] ?? "")
      // zsh itself leaves out what does not begin as the word does.
      .filter((line) => line !== "" && line.startsWith(words.at(-1) ?? ""))
      .sort()
  );
}

for (const shell of ["bash", "zsh"] as const) {
  test(`${shell} offers commands, options and values`, { skip: hasTool(shell) ? false : `no ${shell} here` }, () => {
    const first = offered(shell, ["scw-flexip", ""]).filter((word) => !word.startsWith("-"));
    assert.deepEqual(first, [...COMMANDS].sort());
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "a"]), ["add"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "list", "-o", ""]), FORMATS);
    assert.deepEqual(offered(shell, ["scw-flexip", "list", "--output", "w"]), ["wide"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "completion", ""]), ["bash", "zsh"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "add", "--d"]), ["--dry-run", "--dual-stack"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "doctor", "--fr"]), ["--frontend"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "show", "2"]), ["203.0.113.7"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "remove", "2"]), ["203.0.113.7"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "add", "p"]), ["private", "public"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "list", "--network", ""]), ["private", "public"]);
    // Files are only found for zsh while it completes.
    if (shell === "zsh") return;
    assert.deepEqual(offered(shell, ["scw-flexip", "install", "--token-file", KEY.slice(0, -1)]), [KEY]);
  });
}
