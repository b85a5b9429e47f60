// The monitoring: the inventory for one-deploy's roles, and what make monitoring adds on a real sshd, read by promtool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { renderInventory } from "../inventory.ts";
import { installMonitoring } from "../monitoring/install.ts";
import { checkSettings } from "../settings.ts";
import { NEEDED, NOW } from "./graph.ts";
import { startHost, type TestHost, withoutHosts } from "./rig/host.ts";
import { without } from "./tools.ts";

const RULES = fileURLToPath(new URL("../monitoring/hosted-cloud.rules.yml", import.meta.url));
const HOSTS = [{ name: "fe", publicIp: "192.0.2.10", privateIp: "10.16.0.10" }];
// As OpenNebula's tools write it.
const PROMETHEUS =
  '---\nglobal:\n  scrape_interval: 15s\nrule_files:\n- rules.yml\nscrape_configs:\n- job_name: prometheus\n  static_configs:\n  - targets: ["localhost:9090"]\n';

describe("the setting monitoring", () => {
  const inventoryOf = (monitoring: string) =>
    parse(renderInventory(checkSettings({ ...NEEDED, monitoring }, NOW), HOSTS, { one: "one word", db: "db" }));

  test("turns on one-deploy's roles: exporters and Prometheus by a feature, Grafana by its group", () => {
    const on = inventoryOf("true");
    assert.equal(on.all.vars.features.prometheus, true);
    assert.deepEqual(Object.keys(on.grafana.hosts), ["fe"]);
    const off = inventoryOf("false");
    assert.equal(off.all.vars.features.prometheus, false);
    assert.equal(off.grafana, undefined);
  });
});

test("an old backup, a missing one, a dead host and a full disk raise an alert, and nothing else does", {
  skip: without("promtool"),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "rules-"));
  const series = (name: string, values: string) => ({ series: name, values });
  const alert = (name: string, time: string, labels?: Record<string, string>) => ({
    eval_time: time,
    alertname: name,
    exp_alerts: labels === undefined ? [] : [{ exp_labels: labels }],
  });
  const kept = "hosted_cloud_backup_last_success_timestamp_seconds";
  const tests = [
    {
      interval: "1m",
      input_series: [
        series(`${kept}{instance="fe"}`, "0x400"),
        series('up{job="node_exporter",instance="host01"}', "1x100 0x300"),
        series('node_filesystem_avail_bytes{fstype="ext4",mountpoint="/",instance="fe"}', "5x400"),
        series('node_filesystem_size_bytes{fstype="ext4",mountpoint="/",instance="fe"}', "100x400"),
      ],
      alert_rule_test: [
        alert("HostedCloudBackupStale", "3h"),
        alert("HostedCloudBackupStale", "3h15m", { severity: "critical", instance: "fe" }),
        alert("HostedCloudBackupMissing", "6h30m"),
        alert("HostedCloudHostDown", "100m"),
        alert("HostedCloudHostDown", "110m", { severity: "critical", instance: "host01", job: "node_exporter" }),
        alert("HostedCloudDiskFull", "30m", { severity: "warning", instance: "fe", fstype: "ext4", mountpoint: "/" }),
      ],
    },
    {
      interval: "1m",
      input_series: [],
      alert_rule_test: [alert("HostedCloudBackupMissing", "6h30m", { severity: "warning" })],
    },
  ];
  // Words of an alert are not compared: promtool would want them whole.
  const rules = parse(readFileSync(RULES, "utf8"));
  for (const rule of rules.groups[0].rules) delete rule.annotations;
  writeFileSync(join(folder, "rules.yml"), JSON.stringify(rules));
  writeFileSync(join(folder, "test.yml"), JSON.stringify({ rule_files: ["rules.yml"], tests }));
  const check = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
  const { stdout, stderr, status } = spawnSync("promtool", ["test", "rules", join(folder, "test.yml")], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  assert.equal(check.status, 0, check.stderr);
  assert.equal(status, 0, `${stdout}${stderr}`);
});

describe("make monitoring", { skip: withoutHosts || without("ruby", "promtool") }, () => {
  let host: TestHost;
  const said: string[] = [];
  before(async () => {
    host = await startHost("fe");
  });
  after(() => host?.stop());

  test("before make deployment says so", async () => {
    await assert.rejects(
      installMonitoring(host.ssh, host.target, () => {}),
      /Prometheus is not installed there; run: make deployment/,
    );
  });

  test("adds metrics, rules and dashboards, and Prometheus takes them", async () => {
    const folder = join(host.root, "etc/one/prometheus");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "prometheus.yml"), PROMETHEUS);
    writeFileSync(join(folder, "rules.yml"), "groups: []\n");
    assert.ok((await installMonitoring(host.ssh, host.target, (line) => said.push(line))) > 0);
    const settings = parse(readFileSync(join(folder, "prometheus.yml"), "utf8"));
    assert.deepEqual(settings.rule_files, ["rules.yml", "rules.d/*.rules.yml"]);
    const { stdout, status } = spawnSync("promtool", ["check", "config", join(folder, "prometheus.yml")], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout);
    assert.ok(readdirSync(join(folder, "rules.d")).includes("hosted-cloud.rules.yml"));
    assert.match(stdout, /hosted-cloud\.rules\.yml.*SUCCESS: 4 rules found/s);
    const units = [
      "opennebula-node-exporter.service.d/hosted-cloud.conf",
      "scw-flexip-metrics.service",
      "scw-flexip-metrics.timer",
    ];
    for (const unit of units)
      assert.ok(
        said.some((line) => line.endsWith(unit)),
        unit,
      );
    assert.match(
      readFileSync(join(host.root, "run/systemctl.log"), "utf8"),
      /^enable --now scw-flexip-metrics\.timer$/m,
    );
  });

  test("changes nothing the second time", async () => {
    assert.equal(await installMonitoring(host.ssh, host.target, () => {}), 0);
  });
});
