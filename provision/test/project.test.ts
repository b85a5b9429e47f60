// index.ts as Pulumi's own runner runs it, over the wire: what the engine would keep, and what it would keep unencrypted.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type EngineRun, runProject } from "./engine.ts";
import { EXPIRY, NEEDED, ORGANIZATION, PROJECT } from "./graph.ts";
import { idOf } from "./world.ts";

const SECRET_MARK = "4dabf18193072939515e22adb298388d";
const PASSWORDS = { onePassword: "planted-one", dbPassword: "planted db" };
const CONFIG = {
  "scaleway:organizationId": ORGANIZATION,
  "hosted-cloud:projectId": PROJECT,
  "hosted-cloud:sshPublicKey": NEEDED.sshPublicKey ?? "",
  "hosted-cloud:driverKeyExpiries": JSON.stringify([EXPIRY]),
  "hosted-cloud:workers": '["host01", "host02"]',
  "hosted-cloud:onePassword": PASSWORDS.onePassword,
  "hosted-cloud:dbPassword": PASSWORDS.dbPassword,
};
const SECRET_KEYS = ["hosted-cloud:onePassword", "hosted-cloud:dbPassword"];

describe("the project", () => {
  test("runs under Pulumi's runner, TypeScript as it is, without a warning", async () => {
    const run = await runProject(new URL("../", import.meta.url), CONFIG, SECRET_KEYS);
    assert.deepEqual(run.said, []);
    assert.equal(run.exitCode, 0);
    assert.equal(run.types.filter((type) => type === "scaleway:elasticmetal/server:Server").length, 3);
    assert.deepEqual(Object.keys(run.stackOutputs).sort(), [
      "backup",
      "driver",
      "hardening",
      "hosts",
      "inventory",
      "monitoring",
      "sshUser",
      "validation",
      "zone",
    ]);
    assertNothingInTheClear(run);
  });

  test("keeps passwords and tokens out of the unencrypted part of the state", async () => {
    const run = await runProject(new URL("../", import.meta.url), CONFIG, SECRET_KEYS);
    const whole = JSON.stringify(run.stackOutputs);
    for (const planted of ["planted-one", "planted db", "secret-key-of-driver-hosts"])
      assert.ok(whole.includes(planted), planted);
    assertNothingInTheClear(run);
    assert.deepEqual(run.secretOutputs.get(`scaleway:iam/apiKey:ApiKey driver-hosts-${EXPIRY}`), ["secretKey"]);
  });

  test("refuses wrong settings before anything is declared, with one plain message", async () => {
    const run = await runProject(
      new URL("../", import.meta.url),
      { ...CONFIG, "hosted-cloud:workers": "two", "scaleway:zone": "paris" },
      SECRET_KEYS,
    );
    assert.notEqual(run.exitCode, 0);
    assert.match(
      run.said.join(""),
      /^2 settings are wrong:\n {2}scaleway:zone must be a zone.*\n {2}workers must be a JSON list of names/,
    );
    assert.doesNotMatch(run.said.join(""), /\.ts:\d+/);
    assert.deepEqual(
      run.types.filter((type) => type.startsWith("scaleway:")),
      [],
    );
  });

  test("refuses a bad password without repeating it", async () => {
    const run = await runProject(
      new URL("../", import.meta.url),
      { ...CONFIG, "hosted-cloud:onePassword": "planted two" },
      SECRET_KEYS,
    );
    assert.notEqual(run.exitCode, 0);
    assert.match(run.said.join(""), /setting onePassword holds a space, which one-deploy refuses/);
    assert.doesNotMatch(run.said.join(""), /planted/);
  });
});

test("the project of the bootstrap runs too", async () => {
  const run = await runProject(new URL("../state/", import.meta.url), { "scaleway:organizationId": ORGANIZATION }, []);
  assert.deepEqual(run.said, []);
  assert.equal(run.exitCode, 0);
  assert.equal(run.stackOutputs.projectId, idOf("scaleway:account/project:Project", "opennebula"));
});

function assertNothingInTheClear({ inputs, stackOutputs }: EngineRun): void {
  const clear = JSON.stringify([inputs, stackOutputs].map(withoutSecrets));
  assert.doesNotMatch(clear, /planted|secret-key-of/);
}

/** What the engine would not encrypt. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_MARK in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}
