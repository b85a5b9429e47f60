// Completion scripts, asked by the shells that read them: bash, and zsh where it is installed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { hasTool } from "../../build/release/release.ts";
import { COMMANDS } from "../../driver/operator/manual.ts";
import { addRange, type CloudRig, EXECUTABLE, installedRig } from "./cloud-rig.ts";

const FIRST_WORDS = [...new Set(COMMANDS.map(({ name }) => name.split(" ")[0]))].sort().join(" ");

/** The words of a command line, the last of which is completed, and what is offered for it. */
const OFFERED: readonly (readonly [string, string])[] = [
  ["range a", "add"],
  ["list -o ", "json table wide"],
  ["list --output w", "wide"],
  ["completion ", "bash zsh"],
  ["range add --d", "--dry-run --dual-stack"],
  ["doctor --fr", "--frontend"],
  ["show 2", "203.0.113.7"],
  ["range remove 2", "203.0.113.7"],
  ["range add p", "private public"],
  ["list --network ", "private public"],
];

for (const shell of ["bash", "zsh"] as const) {
  const skip = hasTool(shell) ? false : `no ${shell} here`;
  test(`${shell} offers commands, options and values`, { skip }, async (context) => {
    const rig = await installedRig(context);
    addRange(rig, "203.0.113.7");
    const program = `#!/bin/sh\nexec ${EXECUTABLE} "$@" --root ${rig.root}\n`;
    writeFileSync(rig.at("scw-flexip"), program, { mode: 0o755 });
    writeFileSync(rig.at("script"), (await rig.run(["completion", shell])).stdout);
    for (const [line, expected] of OFFERED) assert.equal(offered(rig, shell, line), expected, line);
    const words = offered(rig, shell, "").split(" ");
    assert.equal(words.filter((word) => !word.startsWith("-")).join(" "), FIRST_WORDS);
    // Files are only found for zsh while it completes.
    if (shell === "bash") {
      assert.equal(offered(rig, shell, `install --token-file ${rig.at("scrip")}`), rig.at("script"));
    }
  });
}

/** What is offered for the last word of a command line. */
function offered(rig: CloudRig, shell: "bash" | "zsh", line: string): string {
  const words = ["scw-flexip", ...line.split(" ")];
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const given = `source ${rig.at("script")}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}`;
  const ask = {
    bash: ["-c", `${given}; _scw_flexip; printf '%s\\n' "\${COMPREPLY[@]}"`],
    zsh: ["-fc", `autoload -U compinit; compinit -D -u; ${given}; emulate sh -c _scw_flexip; print -rl -- $COMPREPLY`],
  }[shell];
  const PATH = `${rig.root}:${rig.environment().PATH}:${process.env.PATH}`;
  const { stdout, stderr } = spawnSync(shell, ask, { encoding: "utf8", env: { ...rig.environment(), PATH } });
  assert.equal(stderr, "", shell);
  const replies = stdout.split("\n").map((reply) => reply.split("\t")[0] ?? "");
  // zsh itself leaves out what does not begin as the word does.
  return replies
    .filter((reply) => reply !== "" && reply.startsWith(words.at(-1) ?? ""))
    .sort()
    .join(" ");
}
