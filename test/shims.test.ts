// The eight small files that OpenNebula runs: what they start, from where, and what of the environment they keep out.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { ipamDocument } from "./documents.ts";
import { PROJECT, REPOSITORY, Rig } from "./rig.ts";

const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
const SHIMS = [
  "ipam/scw-flexip/register_address_range",
  "ipam/scw-flexip/unregister_address_range",
  "ipam/scw-flexip/get_address",
  "ipam/scw-flexip/allocate_address",
  "ipam/scw-flexip/free_address",
  "vnm/bridge/pre.d/01-scw-flexip",
  "vnm/bridge/post.d/01-scw-flexip",
  "vnm/bridge/clean.d/01-scw-flexip",
] as const;

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-shims-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tree = join(folder, "a tree", "with  spaces", "remotes");
cpSync(join(REPOSITORY, "remotes"), tree, { recursive: true, filter: (source) => !source.endsWith(EXECUTABLE) });
try {
  linkSync(join(REPOSITORY, "remotes", EXECUTABLE), join(tree, EXECUTABLE));
} catch {
  cpSync(join(REPOSITORY, "remotes", EXECUTABLE), join(tree, EXECUTABLE));
}

test("OpenNebula finds these shims and the executable, and nothing else", () => {
  const folders = new Set(SHIMS.map((shim) => dirname(shim)));
  const files = [...folders].flatMap((each) =>
    readdirSync(join(REPOSITORY, "remotes", each)).map((name) => join(each, name)),
  );
  assert.deepEqual(files.sort(), [...SHIMS, EXECUTABLE].sort());
});

for (const shim of SHIMS) {
  const name = basename(shim);
  // The folder of a hook, pre.d, says which hook it is.
  const action = name === "01-scw-flexip" ? basename(dirname(shim), ".d") : name;
  const reason =
    "standard input is not base64; run the action through OpenNebula, which sends the document in base64\n";
  // What clean cannot read is no reason for oned to take the end of a guest for failed.
  const refusal =
    action === "clean"
      ? { code: 0, stdout: `clean: the VM's addresses stay as they are: ${reason}`, stderr: "" }
      : { code: 1, stdout: "", stderr: `${action}: ${reason}` };

  suite(shim, () => {
    test("is a plain sh file that all may run, without a dot in its name", () => {
      const path = join(REPOSITORY, "remotes", shim);
      assert.match(readFileSync(path, "utf8"), /^#!\/bin\/sh\n/);
      assert.equal(statSync(path).mode & 0o777, 0o755);
      assert.doesNotMatch(name, /\./);
      execFileSync("sh", ["-n", path]);
    });

    const calls = [
      { how: "by a path from above the tree", cwd: join(folder, "a tree"), command: [`with  spaces/remotes/${shim}`] },
      { how: "by a path that climbs", cwd: join(tree, "etc"), command: [`../${shim}`] },
      { how: "from its own folder", cwd: join(tree, dirname(shim)), command: [`./${name}`] },
      { how: "as a file for sh", cwd: join(tree, dirname(shim)), command: ["sh", name] },
    ];
    for (const { how, cwd, command } of calls) {
      test(`runs ${how}`, () => {
        assert.deepEqual(run(command, { cwd }), refusal);
      });
    }

    // Without the shim each of these changes the run, or writes what the token may be in.
    const environments = [
      { NODE_OPTIONS: "--version", NODE_DEBUG: "fs,net,http,stream", NODE_V8_COVERAGE: join(folder, "coverage") },
      {
        NODE_OPTIONS: "--require=/nonexistent",
        NODE_EXTRA_CA_CERTS: "/nonexistent",
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
        SSL_CERT_FILE: "/nonexistent",
        SSL_CERT_DIR: "/nonexistent",
      },
    ];
    for (const env of environments) {
      test(`by its full path keeps out ${Object.keys(env).join(", ")}`, () => {
        assert.deepEqual(run([join(tree, shim)], { env }), refusal);
        assert.ok(!existsSync(join(folder, "coverage")));
      });
    }
  });
}

suite("without a shim", () => {
  for (const option of ["--version", "--require=/nonexistent"]) {
    test(`NODE_OPTIONS=${option} gets through`, () => {
      const { stderr } = run([join(tree, EXECUTABLE), "get_address"], { env: { NODE_OPTIONS: option } });
      assert.doesNotMatch(stderr, /^get_address: standard input is not base64/);
    });
  }
});

test("a shim hands on what it was called with", async () => {
  const rig = await Rig.start();
  try {
    const document = ipamDocument({ IP: "203.0.113.7", MAC: "52:54:00:00:00:07", SIZE: "1" }, { SIZE: "1" });
    const result = await rig.run(rig.frontEnd, "ipam/scw-flexip/get_address", ["12 34", "x"], document);
    assert.equal(result.code, 1);
    assert.match(rig.logs(), /"request":"12 34"/);
  } finally {
    await rig.stop();
  }
});

test("no variable makes a shim trust a certificate nobody signed", {
  skip: !hasOpenssl() && "no openssl",
}, async () => {
  const files = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
  execFileSync("openssl", ["req", "-x509", ...algorithm, "-keyout", files.key, "-out", files.cert, ...names], {
    stdio: "ignore",
  });
  const rig = await Rig.start({
    tls: { key: readFileSync(files.key, "utf8"), cert: readFileSync(files.cert, "utf8") },
  });
  try {
    rig.simulator.account.add({ ip: "203.0.113.7", mac: "52:54:00:00:00:07", projectId: PROJECT });
    const document = ipamDocument({ IP: "203.0.113.7", MAC: "52:54:00:00:00:07", SIZE: "1" }, { SIZE: "1" });
    const env = {
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      NODE_EXTRA_CA_CERTS: files.cert,
      SSL_CERT_FILE: files.cert,
      NODE_OPTIONS: "--use-openssl-ca",
    };
    const result = await rig.ipam("unregister_address_range", document, { env, settings: { TIMEOUT: "5" } });
    assert.equal(result.code, 1);
    assert.match(result.plain.join("\n"), /^unregister_address_range: .*self-signed certificate/);
    assert.deepEqual(rig.simulator.requests, []);
  } finally {
    await rig.stop();
  }
});

type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function run(command: readonly string[], options: { cwd?: string; env?: Record<string, string> }): Run {
  const [file = "", ...parameters] = command;
  const { status, stdout, stderr } = spawnSync(file, parameters, {
    cwd: options.cwd ?? "/",
    env: { PATH: "/usr/bin:/bin", ...options.env },
    input: "no base64!",
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: status, stdout, stderr };
}

function hasOpenssl(): boolean {
  return spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
}
