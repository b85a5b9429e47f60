// The document on standard input in all the ways that a caller may hand it over: the built executable behind real pipes
// and files. A private VM's hook ends well only when it has read the whole document.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, suite, test } from "node:test";
import { vmDocument } from "./documents.ts";
import { folderOf, REPOSITORY } from "./rig.ts";

const EXECUTABLE = join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
const folder = folderOf({ after });
const small = vmDocument([{ NIC_ID: "0", IP: "10.1.2.3" }]);
// Longer than a pipe holds.
const large = small.replace("</VM>", `<USER_TEMPLATE>${"x".repeat(300_000)}</USER_TEMPLATE></VM>`);
const SMALL = file("small", Buffer.from(small).toString("base64"));
const LARGE = file("large", Buffer.from(large).toString("base64"));
const ENDLESS = file("endless", "A".repeat(24 * 1024 * 1024));

const WHOLE = {
  "a pipe that has all of it": `cat ${SMALL} | "$0" pre`,
  "a pipe that has more than fits": `cat ${LARGE} | "$0" pre`,
  "a pipe that comes late": `(sleep 0.3; cat ${SMALL}) | "$0" pre`,
  "a pipe in two parts, closed late": `(head -c 40 ${SMALL}; sleep 0.3; tail -c +41 ${SMALL}; sleep 0.3) | "$0" pre`,
  "a file": `"$0" pre < ${SMALL}`,
  "a large file": `"$0" pre < ${LARGE}`,
};
const REFUSED = {
  nothing: ['"$0" pre < /dev/null', "standard input is empty"],
  "an empty pipe": ['true | "$0" pre', "standard input is empty"],
  "standard input that is closed": ['"$0" pre <&-', ""],
  "half a document": [`head -c 40 ${SMALL} | "$0" pre`, ""],
  "a file that is too long": [`"$0" pre < ${ENDLESS}`, "standard input is longer"],
  "a pipe that is too long": [`cat ${ENDLESS} | "$0" pre`, "standard input is longer"],
} as const;

suite("the document on standard input", { concurrency: 2 }, () => {
  for (const [how, script] of Object.entries(WHOLE)) {
    test(`${how}: it is read whole`, async () => assert.deepEqual(await run(script), { code: 0, stderr: "" }));
  }

  for (const [how, [script, said]] of Object.entries(REFUSED)) {
    test(`${how}: one plain line, and exit code 1`, async () => {
      const { code, stderr } = await run(script);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^pre: ${said}[^\\n]*\\n$`));
    });
  }
});

test("standard input that does not end: one plain line after ten seconds", { timeout: 60_000 }, async () => {
  const child = spawn(EXECUTABLE, ["pre"], { stdio: ["pipe", "ignore", "pipe"] });
  const closed = once(child, "close");
  child.stdin.on("error", () => {});
  child.stdin.write(readFileSync(SMALL));
  assert.match(await text(child.stderr), /^pre: standard input did not end within 10 s; [^\n]+\n$/);
  assert.equal((await closed)[0], 1);
});

/** Runs the script, in which "$0 pre" is the hook, and returns its exit code and what it said. */
async function run(script: string): Promise<{ code: number; stderr: string }> {
  const child = spawn("sh", ["-c", script, EXECUTABLE], { stdio: ["ignore", "ignore", "pipe"] });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return { code, stderr };
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
