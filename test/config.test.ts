import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Config, configFile, readConfig, readServerId, readToken } from "../driver/config.ts";
import { ConfigError } from "../driver/errors.ts";
import { SETTINGS } from "../driver/settings.ts";
import { REPOSITORY } from "./rig.ts";

const PROJECT = "11111111-1111-4111-8111-111111111111";
const SERVER = "abcdefab-3333-4333-8333-333333333333";
const NEEDED = `ZONE="fr-par-2"\nPROJECT_ID="${PROJECT}"\n`;

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const defaults: Config = {
  apiUrl: "https://api.scaleway.com",
  zone: "fr-par-2",
  projectId: PROJECT,
  tokenFile: "/var/lib/one/.scw-flexip.token",
  serverIdFile: "/var/lib/one/scw-server-id",
  stateFile: "/var/lib/one/scw-flexip/state.json",
  logDir: undefined,
  logLevel: "info",
  cloud: "one",
  macType: "kvm",
  networkMask: "255.255.255.255",
  gateway: "62.210.0.1",
  dns: "51.159.47.28 51.159.47.26",
  timeoutMs: 60_000,
  hookTimeoutMs: 1_200_000,
  priceMonth: undefined,
};

suite("the shipped settings file", () => {
  const path = join(REPOSITORY, "remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  const shipped = readFileSync(path, "utf8");
  const shown = Array.from(shipped.matchAll(/^#?([A-Z_]+)="([^"]*)"$/gm), ([line, key = "", value = ""]) => ({
    line,
    key,
    value,
  }));

  test("shows every setting once", () => {
    assert.deepEqual(shown.map(({ key }) => key).sort(), Object.keys(SETTINGS).sort());
  });

  test("comments out all but what has no default", () => {
    assert.deepEqual(
      shown.filter(({ line }) => !line.startsWith("#")).map(({ key }) => key),
      ["ZONE", "PROJECT_ID"],
    );
  });

  test("needs nothing but a zone and a project", () => {
    const filled = shipped.replace('ZONE=""', 'ZONE="fr-par-2"').replace('PROJECT_ID=""', `PROJECT_ID="${PROJECT}"`);
    assert.deepEqual(read(filled), defaults);
  });

  for (const { key, value } of shown.filter(({ line }) => line.startsWith("#"))) {
    test(`shows the default of ${key}`, () => assert.deepEqual(read(`${NEEDED}${key}="${value}"\n`), defaults));
  }

  test("is refused as long as nobody filled it in", () => {
    assertRefused(() => readConfig({ SCW_FLEXIP_CONF: path }, ""), /scw-flexip\.conf line \d+: ZONE must be a zone /);
  });
});

suite("how a line is written", () => {
  const accepted: readonly { line: string; setting: Partial<Config> }[] = [
    { line: 'CLOUD="two"', setting: { cloud: "two" } },
    { line: "CLOUD='two'", setting: { cloud: "two" } },
    { line: "CLOUD=two", setting: { cloud: "two" } },
    { line: '  CLOUD = "two"  ', setting: { cloud: "two" } },
    { line: 'CLOUD="two"\r', setting: { cloud: "two" } },
    { line: 'CLOUD="two" # the second', setting: { cloud: "two" } },
    { line: "CLOUD=two # the second", setting: { cloud: "two" } },
    { line: "CLOUD=two#2", setting: { cloud: "two" } },
    { line: 'STATE_FILE="/a#b c/d\'e"', setting: { stateFile: "/a#b c/d'e" } },
    { line: "STATE_FILE='/a\"b'", setting: { stateFile: '/a"b' } },
    { line: "STATE_FILE=/a=b", setting: { stateFile: "/a=b" } },
    { line: 'LOG_DIR=""', setting: {} },
    { line: "LOG_DIR=", setting: {} },
    { line: '#CLOUD="two"', setting: {} },
    { line: '   # CLOUD="two"', setting: {} },
    { line: "", setting: {} },
  ];
  for (const { line, setting } of accepted) {
    test(`takes ${JSON.stringify(line)}`, () => {
      assert.deepEqual(read(`${NEEDED}${line}\n`), { ...defaults, ...setting });
      assert.deepEqual(read(`${line}\n${NEEDED.trimEnd()}`), { ...defaults, ...setting });
    });
  }

  test("takes a byte order mark", () => assert.deepEqual(read(`\uFEFF${NEEDED}`), defaults));

  const noPair = [
    "CLOUD",
    "= two",
    'CLOUD="two',
    'CLOUD="two" three',
    'CLOUD="a"b"',
    "CLOUD=a b",
    "cloud=two",
    'export CLOUD="two"',
    "[settings]",
    "CLOUD: two",
  ];
  for (const line of noPair) {
    test(`refuses ${JSON.stringify(line)}`, () => {
      assertRefused(() => read(`${NEEDED}\n${line}\n`), /^\S+ line 4: this is no KEY="value"; correct or remove it$/);
    });
  }

  test("refuses a key set twice, and an unknown one", () => {
    assertRefused(() => read(`${NEEDED}CLOUD=a\nCLOUD=a\n`), /^\S+ line 4: CLOUD is set a second time; remove one$/);
    assertRefused(() => read(`${NEEDED}COLOUR=a\n`), /^\S+ line 3: unknown setting COLOUR; the settings are ZONE, /);
    assertRefused(() => read(`${NEEDED}__proto__=a\n`), /^\S+ line 3: this is no KEY="value"/);
  });
});

suite("what a value may be", () => {
  const accepted: readonly { line: string; setting: Partial<Config> }[] = [
    { line: "API_URL=http://127.0.0.1:8080", setting: { apiUrl: "http://127.0.0.1:8080" } },
    { line: "API_URL=http://localhost:8080", setting: { apiUrl: "http://localhost:8080" } },
    { line: "API_URL=http://[::1]:8080", setting: { apiUrl: "http://[::1]:8080" } },
    { line: "API_URL=https://api.example.net/base/", setting: { apiUrl: "https://api.example.net/base/" } },
    { line: "LOG_DIR=/var/log/other", setting: { logDir: "/var/log/other" } },
    { line: "LOG_LEVEL=debug", setting: { logLevel: "debug" } },
    { line: "LOG_LEVEL=error", setting: { logLevel: "error" } },
    { line: "MAC_TYPE=xen", setting: { macType: "xen" } },
    { line: "MAC_TYPE=vmware", setting: { macType: "vmware" } },
    { line: "CLOUD=A.b_c-1", setting: { cloud: "A.b_c-1" } },
    { line: "DNS=", setting: {} },
    { line: "DNS=192.0.2.53", setting: { dns: "192.0.2.53" } },
    { line: 'DNS="192.0.2.53 2001:db8::53"', setting: { dns: "192.0.2.53 2001:db8::53" } },
    { line: "TIMEOUT=5", setting: { timeoutMs: 5_000 } },
    { line: "TIMEOUT=85", setting: { timeoutMs: 85_000 } },
    { line: "HOOK_TIMEOUT=3600", setting: { hookTimeoutMs: 3_600_000 } },
  ];
  for (const { line, setting } of accepted) {
    test(`takes ${line}`, () => assert.deepEqual(read(`${NEEDED}${line}\n`), { ...defaults, ...setting }));
  }

  const refused = [
    "API_URL=http://api.example.net",
    "API_URL=http://127.0.0.1.example.net",
    "API_URL=http://localhost.example.net",
    "API_URL=https://user@api.example.net",
    "API_URL=https://:password@api.example.net",
    "API_URL=https://api.example.net?zone=x",
    "API_URL=ftp://127.0.0.1",
    "API_URL=http://127.0.0.1@192.0.2.1",
    "PROJECT_ID=p-1",
    "GATEWAY=192.0.2.256",
    "API_URL=api.example.net",
    "TOKEN_FILE=token",
    "SERVER_ID_FILE=~/id",
    "STATE_FILE=",
    "LOG_DIR=log",
    "LOG_LEVEL=INFO",
    "LOG_LEVEL=trace",
    "CLOUD=",
    'CLOUD="one two"',
    "CLOUD=a=b",
    `CLOUD=${"a".repeat(65)}`,
    "MAC_TYPE=qemu",
    "NETWORK_MASK=32",
    "GATEWAY=2001:db8::1",
    "DNS=dns.example.net",
    'DNS="192.0.2.53, 192.0.2.54"',
    "TIMEOUT=4",
    "TIMEOUT=86",
    "TIMEOUT=60s",
    "TIMEOUT=6e1",
    "TIMEOUT=-60",
    "HOOK_TIMEOUT=3601",
    "HOOK_TIMEOUT=",
  ];
  for (const line of refused) {
    const [key] = line.split("=");
    test(`refuses ${line.slice(0, 60)}`, () => {
      const needed = NEEDED.split("\n")
        .filter((other) => !other.startsWith(`${key}=`))
        .join("\n");
      assertRefused(() => read(`${needed}${line}\n`), new RegExp(`^\\S+ line \\d: ${key} must be .+; correct it$`));
    });
  }

  for (const zone of ["fr-par-1", "nl-ams-2", "pl-waw-3", "xx-new-12"]) {
    test(`takes zone ${zone}`, () => {
      assert.equal(read(`ZONE=${zone}\nPROJECT_ID=${PROJECT}\n`).zone, zone);
    });
  }
  for (const zone of ["fr-par", "FR-PAR-2", "../fr-par-2", "fr-par-2/x", "fr-par-two"]) {
    test(`refuses zone ${zone}`, () => {
      assertRefused(
        () => read(`ZONE=${zone}\nPROJECT_ID=${PROJECT}\n`),
        / line 1: ZONE must be a zone like fr-par-2; /,
      );
    });
  }

  test("a project's id is kept in lower case", () => {
    const id = "ABCDEFAB-1111-4111-8111-111111111111";
    assert.equal(read(`ZONE=fr-par-2\nPROJECT_ID=${id}\n`).projectId, id.toLowerCase());
  });

  test("what has no default must be there", () => {
    assertRefused(() => read("ZONE=fr-par-2\n"), /^\S+\.conf: PROJECT_ID is missing; add a line PROJECT_ID="…"$/);
    assertRefused(() => read(`PROJECT_ID=${PROJECT}\n`), /^\S+\.conf: ZONE is missing; add a line ZONE="…"$/);
  });

  test("is frozen", () => assert.ok(Object.isFrozen(read(NEEDED))));
});

suite("the environment", () => {
  const accepted: readonly { environment: Record<string, string | undefined>; setting: Partial<Config> }[] = [
    { environment: { SCW_FLEXIP_CLOUD: "three" }, setting: { cloud: "three" } },
    { environment: { SCW_FLEXIP_TIMEOUT: "7" }, setting: { timeoutMs: 7_000 } },
    { environment: { SCW_FLEXIP_LOG_DIR: "" }, setting: {} },
    { environment: { SCW_FLEXIP_CLOUD: undefined }, setting: {} },
    // Scaleway's own tools' variables are not ours.
    { environment: { SCW_SECRET_KEY: "x", SCW_DEFAULT_ZONE: "nl-ams-1", CLOUD: "x" }, setting: {} },
  ];
  for (const { environment, setting } of accepted) {
    test(`takes ${JSON.stringify(environment)}`, () => {
      assert.deepEqual(read(NEEDED, environment), { ...defaults, ...setting });
    });
  }

  test("wins over the file, also over what the file has wrong", () => {
    assert.equal(read(`${NEEDED}CLOUD=two\n`, { SCW_FLEXIP_CLOUD: "three" }).cloud, "three");
    assert.equal(read(`${NEEDED}CLOUD="a b"\n`, { SCW_FLEXIP_CLOUD: "three" }).cloud, "three");
    assert.equal(read("", { SCW_FLEXIP_ZONE: "fr-par-2", SCW_FLEXIP_PROJECT_ID: PROJECT }).zone, "fr-par-2");
  });

  const refused = [
    {
      environment: { SCW_FLEXIP_TIMEOUT: "x" },
      reason: /^environment variable SCW_FLEXIP_TIMEOUT: TIMEOUT must be /,
    },
    { environment: { SCW_FLEXIP_ZONE: "" }, reason: /^environment variable SCW_FLEXIP_ZONE: ZONE must be / },
    { environment: { SCW_FLEXIP_COLOUR: "x" }, reason: /^environment variable SCW_FLEXIP_COLOUR: unknown setting / },
    { environment: { SCW_FLEXIP_: "x" }, reason: /^environment variable SCW_FLEXIP_: unknown setting / },
  ];
  for (const { environment, reason } of refused) {
    test(`refuses ${JSON.stringify(environment)}`, () => assertRefused(() => read(NEEDED, environment), reason));
  }
});

suite("where the settings are", () => {
  const places = [
    { environment: {}, executable: "/a/ipam/scw-flexip/scw-flexip", file: "/a/etc/ipam/scw-flexip/scw-flexip.conf" },
    { environment: { SCW_FLEXIP_CONF: "/b/c.conf" }, executable: "/a/ipam/scw-flexip/scw-flexip", file: "/b/c.conf" },
  ];
  for (const { environment, executable, file } of places) {
    test(file, () => assert.equal(configFile(environment, executable), file));
  }

  test("a file that is not there is named", () => {
    assertRefused(
      () => readConfig({ SCW_FLEXIP_CONF: join(folder, "none.conf") }, ""),
      /^settings file \S+none\.conf cannot be read \(ENOENT.*\); create it or correct its owner$/,
    );
  });
});

suite("the token file", () => {
  const accepted = ["planted-token", "planted-token\n", "  planted-token\r\n"];
  for (const content of accepted) {
    test(`takes ${JSON.stringify(content)}`, () => assert.equal(readToken(withToken(content, 0o600)), "planted-token"));
  }

  test("takes one that nobody may write", () =>
    assert.equal(readToken(withToken("planted-token", 0o400)), "planted-token"));

  const refused = [
    { content: "planted-token", mode: 0o640, reason: /can be read by others; run: chmod 0600 \S+token$/ },
    { content: "planted-token", mode: 0o604, reason: /can be read by others; / },
    { content: "planted-token", mode: 0o620, reason: /can be read by others; / },
    { content: "", mode: 0o600, reason: /is empty; write the secret key of a Scaleway API key into it$/ },
    { content: " \n", mode: 0o600, reason: /is empty; / },
    {
      content: "planted-token two",
      mode: 0o600,
      reason: /holds more than one word; write only the secret key into it$/,
    },
    { content: "planted-token\nSCW_ACCESS_KEY=x", mode: 0o600, reason: /holds more than one word; / },
    { content: "planted-tökén", mode: 0o600, reason: /holds more than one word; / },
  ];
  for (const { content, mode, reason } of refused) {
    test(`refuses ${JSON.stringify(content)} of mode ${mode.toString(8)}`, () => {
      assertRefused(() => readToken(withToken(content, mode)), reason, /planted/);
    });
  }

  test("refuses one that is not there", () => {
    const config = read(`${NEEDED}TOKEN_FILE=${join(folder, "no-token")}\n`);
    assertRefused(() => readToken(config), /^token file \S+no-token cannot be read \(ENOENT/);
  });

  function withToken(content: string, mode: number): Config {
    const file = join(folder, "token");
    rmSync(file, { force: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
    return read(`${NEEDED}TOKEN_FILE=${file}\n`);
  }
});

suite("the server id file", () => {
  for (const content of [`fr-par-2/${SERVER}`, `fr-par-2/${SERVER.toUpperCase()}\n`, ` fr-par-2/${SERVER}\r\n`]) {
    test(`takes ${JSON.stringify(content)}`, () => assert.equal(readServerId(withServerId(content)), SERVER));
  }

  const refused = [
    { content: "", reason: /does not hold zone\/uuid; write fr-par-2\/ and the server's id into it$/ },
    { content: SERVER, reason: /does not hold zone\/uuid; / },
    { content: "fr-par-2/server-1", reason: /does not hold zone\/uuid; / },
    { content: `fr-par-2/${SERVER}/x`, reason: /does not hold zone\/uuid; / },
    { content: `fr-par-2/${SERVER}\nfr-par-2/${SERVER}`, reason: /does not hold zone\/uuid; / },
    {
      content: `nl-ams-1/${SERVER}`,
      reason: /names zone nl-ams-1, but ZONE is fr-par-2; correct ZONE or the file$/,
    },
  ];
  for (const { content, reason } of refused) {
    test(`refuses ${JSON.stringify(content)}`, () => assertRefused(() => readServerId(withServerId(content)), reason));
  }

  test("refuses one that is not there", () => {
    const config = read(`${NEEDED}SERVER_ID_FILE=${join(folder, "no-id")}\n`);
    assertRefused(() => readServerId(config), /^server id file \S+no-id cannot be read \(ENOENT/);
  });

  function withServerId(content: string): Config {
    const file = join(folder, "server-id");
    writeFileSync(file, content);
    return read(`${NEEDED}SERVER_ID_FILE=${file}\n`);
  }
});

function read(content: string, environment: Record<string, string | undefined> = {}): Config {
  const file = join(folder, "scw-flexip.conf");
  writeFileSync(file, content);
  return readConfig({ SCW_FLEXIP_CONF: file, ...environment }, "");
}

function assertRefused(act: () => unknown, reason: RegExp, never = /\n/): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, /\n/);
    assert.doesNotMatch(error.message, never);
    return true;
  });
}
