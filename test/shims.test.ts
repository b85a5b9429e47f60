// The eight small files that OpenNebula runs: what they start, from where, and what of the environment they keep out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { noCertificate, selfSigned } from "./certificate.ts";
import { ipamDocument } from "./documents.ts";
import { PROJECT, REPOSITORY, Rig } from "./rig.ts";

const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
const SHIMS = [
  ...IPAM_ACTIONS.map((action) => ({ action, shim: `ipam/scw-flexip/${action}` })),
  ...HOOKS.map((action) => ({ action, shim: `vnm/bridge/${action}.d/01-scw-flexip` })),
];
const UNSET = /^unset .*\n/m.exec(readFileSync(join(REPOSITORY, "remotes/ipam/scw-flexip/get_address"), "utf8"))?.[0];
const RANGE = ipamDocument({ IP: "203.0.113.7", MAC: "52:54:00:00:00:07", SIZE: "1" }, { SIZE: "1" });
// Without the shim each of these changes the run, or writes what the token may be in.
const ENVIRONMENTS = [
  { NODE_OPTIONS: "--version", NODE_DEBUG: "fs,net,http,stream", NODE_V8_COVERAGE: "coverage" },
  {
    NODE_OPTIONS: "--require=/nonexistent",
    NODE_EXTRA_CA_CERTS: "/nonexistent",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    SSL_CERT_FILE: "/nonexistent",
    SSL_CERT_DIR: "/nonexistent",
  },
];

const rig = await Rig.start();
after(() => rig.stop());
const { folder } = rig;
const tree = rig.host("a tree/with  spaces").root;

test("OpenNebula finds these shims and the executable, and nothing else", () => {
  const shims = SHIMS.map(({ shim }) => shim);
  const files = [...new Set(shims.map((shim) => dirname(shim)))].flatMap((each) =>
    readdirSync(join(REPOSITORY, "remotes", each)).map((name) => join(each, name)),
  );
  assert.deepEqual(files.sort(), [...shims, EXECUTABLE].sort());
});

for (const { action, shim } of SHIMS) {
  const reason =
    "standard input is not base64; run the action through OpenNebula, which sends the document in base64\n";
  // What clean cannot read is no reason for oned to take the end of a guest for failed.
  const refusal =
    action === "clean"
      ? { status: 0, stdout: `clean: the VM's addresses stay as they are: ${reason}`, stderr: "" }
      : { status: 1, stdout: "", stderr: `${action}: ${reason}` };

  suite(shim, () => {
    test("is a plain sh file that all may run, and unsets the same variables as the others", () => {
      const path = join(REPOSITORY, "remotes", shim);
      assert.match(readFileSync(path, "utf8"), /^#!\/bin\/sh\n/);
      assert.equal(/^unset .*\n/m.exec(readFileSync(path, "utf8"))?.[0], UNSET);
      assert.equal(statSync(path).mode & 0o777, 0o755);
    });

    test("finds the executable however it is called", () => {
      const home = join(tree, dirname(shim));
      assert.deepEqual(run(join(folder, "a tree"), [`with  spaces/remotes/${shim}`]), refusal);
      assert.deepEqual(run(join(tree, "etc"), [`../${shim}`]), refusal);
      assert.deepEqual(run(home, [`./${basename(shim)}`]), refusal);
      assert.deepEqual(run(home, ["sh", basename(shim)]), refusal);
    });

    test("keeps out what would change how Node runs", () => {
      for (const env of ENVIRONMENTS) assert.deepEqual(run(folder, [join(tree, shim)], env), refusal);
      assert.ok(!existsSync(join(folder, "coverage")));
    });
  });
}

test("a shim hands on what it was called with", async () => {
  const result = await rig.run(rig.frontEnd, "ipam/scw-flexip/get_address", ["12 34", "x"], RANGE);
  assert.equal(result.code, 1);
  assert.match(rig.logs(), /"request":"12 34"/);
});

test("no variable makes a shim trust a certificate nobody signed", { skip: noCertificate ?? false }, async (t) => {
  const tls = selfSigned(folder);
  const rig = await Rig.start({ tls });
  t.after(() => rig.stop());
  rig.simulator.account.add({ ip: "203.0.113.7", mac: "52:54:00:00:00:07", projectId: PROJECT });
  const env = {
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_EXTRA_CA_CERTS: tls.certFile,
    SSL_CERT_FILE: tls.certFile,
    NODE_OPTIONS: "--use-openssl-ca",
  };
  const result = await rig.ipam("unregister_address_range", RANGE, { env, settings: { TIMEOUT: "5" } });
  assert.equal(result.code, 1);
  assert.match(result.plain.join("\n"), /^unregister_address_range: .*self-signed certificate/);
  assert.deepEqual(rig.simulator.requests, []);
});

function run(cwd: string, [file, ...words]: readonly [string, ...string[]], env: Record<string, string> = {}) {
  const options = { cwd, env: { PATH: "/usr/bin:/bin", ...env }, input: "no base64!", timeout: 30_000 };
  const { status, stdout, stderr } = spawnSync(file, words, { ...options, encoding: "utf8" });
  return { status, stdout, stderr };
}
