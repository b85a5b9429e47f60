// What a settings file, the environment, a token file and a server id file may hold, and how the rest is refused.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Config, configFile, readConfig, readServerId, readToken } from "../driver/config.ts";
import { ConfigError } from "../driver/errors.ts";
import { folderOf, PROJECT, REPOSITORY } from "./rig.ts";

const SERVER = "abcdefab-3333-4333-8333-333333333333";
const NEEDED = `ZONE="fr-par-2"\nPROJECT_ID="${PROJECT}"\n`;

const folder = folderOf({ after });

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

// What each key may be, and what it may not. An empty value stands for the default.
const VALUES: readonly { key: string; takes: readonly string[]; refuses: readonly string[] }[] = [
  { key: "ZONE", takes: ["nl-ams-2", "xx-new-12"], refuses: ["fr-par", "FR-PAR-2", "../fr-par-2", "fr-par-2/x"] },
  { key: "PROJECT_ID", takes: [PROJECT], refuses: ["p-1"] },
  { key: "CLOUD", takes: ["A.b_c-1", "a".repeat(64)], refuses: ["", "one two", "a=b", "a".repeat(65)] },
  { key: "TOKEN_FILE", takes: ["/token"], refuses: ["token", "~/token", ""] },
  { key: "SERVER_ID_FILE", takes: ["/id"], refuses: ["~/id"] },
  { key: "STATE_FILE", takes: ["/state"], refuses: [""] },
  { key: "LOG_DIR", takes: ["", "/var/log/other"], refuses: ["log"] },
  { key: "LOG_LEVEL", takes: ["debug", "error"], refuses: ["INFO", "trace"] },
  { key: "NETWORK_MASK", takes: ["255.255.255.0"], refuses: ["32"] },
  { key: "GATEWAY", takes: ["192.0.2.1"], refuses: ["192.0.2.256", "2001:db8::1"] },
  { key: "DNS", takes: ["", "192.0.2.53 2001:db8::53"], refuses: ["dns.example.net", "192.0.2.53, 192.0.2.54"] },
  { key: "MAC_TYPE", takes: ["xen", "vmware"], refuses: ["qemu"] },
  { key: "TIMEOUT", takes: ["5", "85"], refuses: ["4", "86", "60s", "6e1", "-60"] },
  { key: "HOOK_TIMEOUT", takes: ["5", "3600"], refuses: ["4", "3601", ""] },
  { key: "PRICE_MONTH", takes: ["", "2", "2.20"], refuses: ["2,20", "-1"] },
  {
    key: "API_URL",
    takes: ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "https://api.example.net/base/"],
    refuses: [
      ...["http://api.example.net", "http://127.0.0.1.example.net", "http://localhost.example.net", "api.example.net"],
      ...["http://127.0.0.1@192.0.2.1", "https://user@api.example.net", "https://:password@api.example.net"],
      ...["https://api.example.net?zone=x", "https://api.example.net#x", "ftp://127.0.0.1"],
    ],
  },
];

suite("the shipped settings file", () => {
  const path = join(REPOSITORY, "remotes/etc/ipam/scw-flexip/scw-flexip.conf");
  const shipped = readFileSync(path, "utf8");
  const filled = shipped.replace('ZONE=""', 'ZONE="fr-par-2"').replace('PROJECT_ID=""', `PROJECT_ID="${PROJECT}"`);

  test("needs nothing but a zone and a project, and shows the defaults of the rest", () => {
    assert.deepEqual(read(filled), defaults);
    assert.deepEqual(read(filled.replaceAll(/^#([A-Z_]+=)/gm, "$1")), defaults);
    for (const { key } of VALUES) assert.equal(filled.match(new RegExp(`^#?${key}=`, "gm"))?.length, 1, key);
  });

  test("is refused as long as nobody filled it in", () => {
    assertRefused(() => readConfig({ SCW_FLEXIP_CONF: path }, ""), /scw-flexip\.conf line \d+: ZONE must be a zone /);
  });
});

suite("how a line is written", () => {
  for (const line of ["CLOUD='two'", '  CLOUD = "two"  ', 'CLOUD="two"\r', 'CLOUD="two" # 2', "CLOUD=two#2"]) {
    test(`${JSON.stringify(line)} sets CLOUD, first and last in the file`, () => {
      assert.deepEqual(read(`${NEEDED}${line}\n`), { ...defaults, cloud: "two" });
      assert.deepEqual(read(`${line}\n${NEEDED.trimEnd()}`), { ...defaults, cloud: "two" });
    });
  }

  test("a value in quotes may hold blanks, # and the other quote; one without may hold =", () => {
    assert.equal(read(`${NEEDED}STATE_FILE="/a#b c/d'e"\n`).stateFile, "/a#b c/d'e");
    assert.equal(read(`${NEEDED}STATE_FILE='/a"b'\n`).stateFile, '/a"b');
    assert.equal(read(`${NEEDED}STATE_FILE=/a=b\n`).stateFile, "/a=b");
  });

  test("a comment, an empty line and a byte order mark set nothing", () => {
    assert.deepEqual(read(`\uFEFF#CLOUD="two"\n\n   # CLOUD="two"\n${NEEDED}`), defaults);
  });

  for (const line of ["CLOUD", 'CLOUD="two', 'CLOUD="a"b"', "CLOUD=a b", "cloud=two", "export CLOUD=two"]) {
    test(`${JSON.stringify(line)} is refused`, () => {
      assertRefused(() => read(`${NEEDED}\n${line}\n`), /^\S+ line 4: this is no KEY="value"; correct or remove it$/);
    });
  }

  test("a key set twice and an unknown key are refused", () => {
    assertRefused(() => read(`${NEEDED}CLOUD=a\nCLOUD=a\n`), /^\S+ line 4: CLOUD is set a second time; remove one$/);
    assertRefused(() => read(`${NEEDED}COLOUR=a\n`), /^\S+ line 3: unknown setting COLOUR; the settings are ZONE, /);
  });
});

suite("what a value may be", () => {
  for (const { key, takes, refuses } of VALUES) {
    const readWith = (value: string): Config => {
      const others = NEEDED.split("\n").filter((line) => !line.startsWith(`${key}=`));
      return read(`${key}="${value}"\n${others.join("\n")}`);
    };

    test(`${key} may be ${takes.join(", ")}`, () => {
      // MAC_TYPE is read as macType, and TIMEOUT as timeoutMs.
      const property = key.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
      for (const value of takes.filter((text) => text !== "")) {
        const { timeoutMs, hookTimeoutMs, ...config } = readWith(value);
        const texts = { ...config, timeout: timeoutMs / 1_000, hookTimeout: hookTimeoutMs / 1_000 };
        const [, read] = Object.entries(texts).find(([name]) => name === property) ?? [];
        assert.equal(String(read), String(Number(value) || value));
      }
      if (takes.includes("")) assert.deepEqual(readWith(""), defaults);
    });

    for (const value of refuses) {
      test(`${key} may not be "${value}"`, () => {
        assertRefused(() => readWith(value), new RegExp(`^\\S+ line 1: ${key} must be .+; correct it$`));
      });
    }
  }

  test("the project's id is kept in lower case, and all of it is frozen", () => {
    const id = "ABCDEFAB-1111-4111-8111-111111111111";
    assert.equal(read(`ZONE=fr-par-2\nPROJECT_ID=${id}\n`).projectId, id.toLowerCase());
    assert.ok(Object.isFrozen(read(NEEDED)));
  });

  test("what has no default must be there", () => {
    assertRefused(() => read("ZONE=fr-par-2\n"), /^\S+\.conf: PROJECT_ID is missing; add a line PROJECT_ID="…"$/);
    assertRefused(() => read(`PROJECT_ID=${PROJECT}\n`), /^\S+\.conf: ZONE is missing; add a line ZONE="…"$/);
  });
});

suite("the environment", () => {
  test("wins over the file, also over what the file has wrong", () => {
    assert.deepEqual(read(`${NEEDED}CLOUD=two\n`, { SCW_FLEXIP_CLOUD: "three" }), { ...defaults, cloud: "three" });
    assert.equal(read(`${NEEDED}CLOUD="a b"\n`, { SCW_FLEXIP_CLOUD: "three" }).cloud, "three");
    assert.equal(read("", { SCW_FLEXIP_ZONE: "fr-par-2", SCW_FLEXIP_PROJECT_ID: PROJECT }).zone, "fr-par-2");
    assert.deepEqual(read(NEEDED, { SCW_FLEXIP_CLOUD: undefined }), defaults);
  });

  test("has variables of Scaleway's own tools, which set nothing", () => {
    assert.deepEqual(read(NEEDED, { SCW_SECRET_KEY: "x", SCW_DEFAULT_ZONE: "nl-ams-1", CLOUD: "x" }), defaults);
  });

  for (const [name, value, reason] of [
    ["SCW_FLEXIP_TIMEOUT", "x", "TIMEOUT must be "],
    ["SCW_FLEXIP_COLOUR", "x", "unknown setting "],
    ["SCW_FLEXIP_", "x", "unknown setting "],
  ] as const) {
    test(`is refused with ${name}="${value}"`, () => {
      assertRefused(() => read(NEEDED, { [name]: value }), new RegExp(`^environment variable ${name}: ${reason}`));
    });
  }

  test("says where the settings are; else they are in the executable's tree", () => {
    assert.equal(configFile({}, "/a/ipam/scw-flexip/scw-flexip"), "/a/etc/ipam/scw-flexip/scw-flexip.conf");
    assert.equal(configFile({ SCW_FLEXIP_CONF: "/b/c.conf" }, "/a/ipam/scw-flexip/scw-flexip"), "/b/c.conf");
  });
});

test("a file that is not there is named", () => {
  const none = join(folder, "none");
  const config = read(`${NEEDED}TOKEN_FILE=${none}\nSERVER_ID_FILE=${none}\n`);
  for (const [what, act] of [
    ["settings file", () => readConfig({ SCW_FLEXIP_CONF: none }, "")],
    ["token file", () => readToken(config)],
    ["server id file", () => readServerId(config)],
  ] as const) {
    assertRefused(act, new RegExp(`^${what} ${none} cannot be read \\(ENOENT.*\\); create it or correct its owner$`));
  }
});

suite("the token file", () => {
  test("is taken from a file that only its owner may read, and with blanks around", () => {
    assert.equal(readToken(withToken("planted-token", 0o600)), "planted-token");
    assert.equal(readToken(withToken("  planted-token\r\n", 0o400)), "planted-token");
  });

  for (const [content, mode, reason] of [
    ["planted-token", 0o640, /can be read by others; run: chmod 0600 \S+token$/],
    ["planted-token", 0o604, /can be read by others; /],
    ["planted-token", 0o620, /can be read by others; /],
    [" \n", 0o600, /is empty; write the secret key of a Scaleway API key into it$/],
    ["planted-token two", 0o600, /holds more than one word; write only the secret key into it$/],
    ["planted-tökén", 0o600, /holds more than one word; /],
  ] as const) {
    test(`is refused with ${JSON.stringify(content)} and mode ${mode.toString(8)}`, () => {
      assertRefused(() => readToken(withToken(content, mode)), reason, /planted/);
    });
  }

  function withToken(content: string, mode: number): Config {
    const file = join(folder, "token");
    rmSync(file, { force: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
    return read(`${NEEDED}TOKEN_FILE=${file}\n`);
  }
});

suite("the server id file", () => {
  test("is taken in capitals and with blanks around", () => {
    assert.equal(readServerId(withServerId(`fr-par-2/${SERVER}`)), SERVER);
    assert.equal(readServerId(withServerId(` fr-par-2/${SERVER.toUpperCase()}\r\n`)), SERVER);
  });

  for (const [content, reason] of [
    ["", /does not hold zone\/uuid; write fr-par-2\/ and the server's id into it$/],
    [SERVER, /does not hold zone\/uuid; /],
    [`fr-par-2/${SERVER}/x`, /does not hold zone\/uuid; /],
    [`fr-par-2/${SERVER}\nfr-par-2/${SERVER}`, /does not hold zone\/uuid; /],
    [`nl-ams-1/${SERVER}`, /names zone nl-ams-1, but ZONE is fr-par-2; correct ZONE or the file$/],
  ] as const) {
    test(`is refused with ${JSON.stringify(content)}`, () => {
      assertRefused(() => readServerId(withServerId(content)), reason);
    });
  }

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
