// The programs behind the make targets, run as make runs them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "./tools.ts";

const PROVISION = fileURLToPath(new URL("..", import.meta.url));
const HOSTS = [
  { name: "fe", publicIp: "192.0.2.10", privateIp: "10.16.0.10", serverId: "fr-par-2/a" },
  { name: "host01", publicIp: "192.0.2.11", privateIp: "10.16.0.11", serverId: "fr-par-2/b" },
];

describe("operations", () => {
  let copy: string;
  // They keep files beside themselves, so they run from a copy.
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "provision-"));
    for (const name of ["operations", "remote", "specifics", "inventory.ts", "ipv4-network.ts", "package.json"]) {
      cpSync(join(PROVISION, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(PROVISION, "node_modules"), join(copy, "node_modules"));
  });
  after(() => rmSync(copy, { recursive: true }));

  const run = (program: string, outputs: unknown, ...args: string[]) =>
    spawnSync(process.execPath, [join(copy, "operations", program), ...args], {
      input: typeof outputs === "string" ? outputs : JSON.stringify(outputs),
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });

  test("make inventory writes files for their owner alone, and only once", () => {
    const outputs = { inventory: "---\nall: {}\n", validation: "---\nvalidation: {}\n" };
    const first = run("inventory.ts", outputs);
    assert.equal(first.status, 0, first.stderr);
    for (const name of ["hosts.yml", "group_vars/all.yml", "report.yml"]) {
      assert.equal(lstatSync(join(copy, ".cloud/inventory", name)).mode & 0o777, 0o600);
    }
    assert.equal(lstatSync(join(copy, ".cloud")).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(copy, ".cloud/inventory/hosts.yml"), "utf8"), outputs.inventory);
    assert.match(run("inventory.ts", outputs).stderr, /^unchanged \.cloud\/inventory\/hosts\.yml$/m);
  });

  test("make inventory before make up says so, without repeating what it read", () => {
    const { status, stderr } = run("inventory.ts", { inventory: ["planted"] });
    assert.equal(status, 1);
    assert.equal(stderr, "the stack has no inventory yet; run: make up\n");
  });

  test("make ssh prints the command for a host, by name", () => {
    const { stdout } = run("ssh.ts", { sshUser: "ubuntu", hosts: HOSTS }, "host01");
    assert.match(stdout, /^'ssh' .*'ubuntu@192\.0\.2\.11'\n$/);
  });

  test("make ssh to a host that is not there names those that are", () => {
    const { status, stderr } = run("ssh.ts", { sshUser: "ubuntu", hosts: HOSTS }, "host09");
    assert.equal(status, 1);
    assert.equal(stderr, "no host host09; the hosts are fe, host01: make ssh HOST=<name>\n");
  });

  test("make destroy has nothing to ask while there are no servers", () => {
    const { status, stderr } = run("destroy.ts", {});
    assert.equal(status, 0);
    assert.equal(stderr, "the stack has no servers\n");
  });

  test("make destroy refuses when it cannot tell which servers there are", () => {
    for (const outputs of ["", "no JSON", { sshUser: "ubuntu" }, { sshUser: "ubuntu", hosts: [{ name: "fe" }] }]) {
      const { status, stderr } = run("destroy.ts", outputs);
      assert.equal(status, 1);
      assert.equal(stderr, "the stack's outputs do not say which servers there are; run: make up\n");
    }
  });

  test("make specifics before make up says so", () => {
    const { status, stderr } = run("specifics.ts", "");
    assert.equal(status, 1);
    assert.equal(stderr, "the stack's outputs lack everything; run: make up\n");
  });
});

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

  test("is at the commit asked for, also the second time and for another commit", () => {
    for (const [commit, content] of [
      [commits[0], "1\n"],
      [commits[0], "1\n"],
      [commits[1], "2\n"],
    ] as const) {
      const args = [
        join(PROVISION, "operations/checkout.sh"),
        join(folder, "origin"),
        String(commit),
        join(folder, "copy"),
      ];
      const { status, stderr } = spawnSync("sh", args, { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(join(folder, "copy/file"), "utf8"), content);
    }
  });
});

test("make help lists every target that an operator uses, in one line each", () => {
  const { stdout } = spawnSync("make", ["-s", "-C", PROVISION, "help"], { encoding: "utf8" });
  for (const target of [
    "state",
    "preflight",
    "preview",
    "up",
    "inventory",
    "deployment",
    "specifics",
    "validation",
    "ssh",
    "destroy",
  ]) {
    assert.match(stdout, new RegExp(`^  make ${target} +\\S.*$`, "m"));
  }
});
