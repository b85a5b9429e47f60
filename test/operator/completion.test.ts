// Completion scripts, asked by the shells that read them: bash, and zsh and fish where they are installed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasTool } from "../../build/release/release.ts";
import { EXECUTABLE } from "./cloud-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-completion-"));
after(() => rmSync(folder, { recursive: true }));

const COMMANDS = [
  "install",
  "uninstall",
  "doctor",
  "list",
  "show",
  "history",
  "logs",
  "reconcile",
  "range",
  "completion",
];
const FORMATS = ["csv", "json", "table", "yaml"];
const KEY = join(folder, "key");
writeFileSync(KEY, "");

/** What is offered for the last word of a command line. */
function offered(shell: "bash" | "zsh" | "fish", words: readonly string[]): string[] {
  const script = join(folder, shell);
  writeFileSync(script, spawnSync(EXECUTABLE, ["completion", shell], { encoding: "utf8" }).stdout);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const ask = {
    bash: `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _scw_flexip; printf '%s\\n' "\${COMPREPLY[@]}"`,
    zsh: `autoload -U compinit; compinit -D -u; source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
emulate sh -c _scw_flexip; print -rl -- $COMPREPLY`,
    fish: `source ${script}; complete -C '${words.join(" ")}'`,
  }[shell];
  const { stdout, stderr } = spawnSync(shell, [...(shell === "zsh" ? ["-f"] : []), "-c", ask], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: folder },
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

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell} offers commands, options and values`, { skip: hasTool(shell) ? false : `no ${shell} here` }, () => {
    const first = offered(shell, ["scw-flexip", ""]).filter((word) => !word.startsWith("-"));
    assert.deepEqual(first, [...COMMANDS].sort());
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "a"]), ["add"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "list", "-o", ""]), FORMATS);
    assert.deepEqual(offered(shell, ["scw-flexip", "list", "--output", "y"]), ["yaml"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "completion", ""]), ["bash", "fish", "zsh"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "range", "add", "--d"]), ["--dual-stack"]);
    assert.deepEqual(offered(shell, ["scw-flexip", "doctor", "--fr"]), ["--frontend"]);
    // Files are only found for zsh while it completes.
    if (shell === "zsh") return;
    assert.deepEqual(offered(shell, ["scw-flexip", "install", "--token-file", KEY.slice(0, -1)]), [KEY]);
  });
}
