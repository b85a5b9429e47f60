// The driver can read the settings file that provisioning writes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../../driver/config.ts";
import { renderDriverConfig } from "../driver-config.ts";
import { checkSettings, type WrittenSettings } from "../settings.ts";
import { NEEDED, NOW, PROJECT } from "./graph.ts";

test("the driver reads its settings", () => {
  const config = readByDriver({
    zone: "nl-ams-1",
    driverCloud: "blue",
    driverLogLevel: "debug",
    driverTimeout: "70",
    driverHookTimeout: "240",
    flexibleIpGateway: "192.0.2.1",
    flexibleIpDns: '["192.0.2.53", "192.0.2.54"]',
  });
  assert.equal(config.zone, "nl-ams-1");
  assert.equal(config.projectId, PROJECT);
  assert.equal(config.cloud, "blue");
  assert.equal(config.logLevel, "debug");
  assert.equal(config.timeoutMs, 70_000);
  assert.equal(config.hookTimeoutMs, 240_000);
  assert.equal(config.gateway, "192.0.2.1");
  assert.equal(config.dns, "192.0.2.53 192.0.2.54");
  assert.equal(config.tokenFile, "/var/lib/one/.scw-flexip.token");
  assert.equal(config.serverIdFile, "/var/lib/one/scw-server-id");
});

test("defaults of provisioning are defaults of the driver", () => {
  const config = readByDriver({});
  assert.equal(config.cloud, "one");
  assert.equal(config.gateway, "62.210.0.1");
  assert.equal(config.dns, "51.159.47.28 51.159.47.26");
  assert.equal(config.timeoutMs, 60_000);
  assert.equal(config.hookTimeoutMs, 1_200_000);
});

function readByDriver(written: WrittenSettings) {
  const folder = mkdtempSync(join(tmpdir(), "driver-config-"));
  try {
    const file = join(folder, "scw-flexip.conf");
    writeFileSync(file, renderDriverConfig(checkSettings({ ...NEEDED, ...written }, NOW)));
    return readConfig({ SCW_FLEXIP_CONF: file }, "/nowhere/scw-flexip");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
