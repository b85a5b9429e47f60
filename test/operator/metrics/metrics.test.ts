// scw-flexip metrics: what Prometheus reads of a cloud, what is left when something is silent, and whether alert rules and
// dashboard ask for what is there, judged by promtool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { hasTool } from "../../../build/release/release.ts";
import { folderOf, REPOSITORY } from "../../rig.ts";
import { addRange, LOG, runVm, SERVER_A } from "../cloud-rig.ts";
import { type LightMachine, onFrontEnd, SERVER_ID, VERSION } from "../light-machine.ts";

const RULES = join(REPOSITORY, "packaging/prometheus/scw-flexip.rules.yml");
const DASHBOARD = join(REPOSITORY, "packaging/grafana/scw-flexip.json");
const RUNBOOK = join(REPOSITORY, "docs/runbooks/alerts.md");
const skip = hasTool("promtool") ? false : "promtool is missing (apt install prometheus)";

onFrontEnd("the metrics say drift, lease, orphan, and all that alerts and dashboard ask", async (machine, context) => {
  const text = await metricsOfCloud(machine);
  const of = (name: string): number | undefined => valuesOf(text).get(`scw_flexip_${name}`);
  assert.equal(of('addresses{network="public",status="attached",origin="created",leased="true"}'), 1);
  assert.equal(of('addresses{network="public",status="ready",origin="created",leased="false"}'), 1);
  assert.equal(of('drift{kind="orphan"}'), 1);
  assert.equal(of('drift{kind="not-attached"}'), 0);
  assert.equal(of('server_addresses{host="h1"}'), 1);
  assert.equal(of("spend_per_month"), 6.6);
  assert.equal(of("api_up"), 1);
  assert.equal(of(`build_info{version="${VERSION}"}`), 1);
  assert.equal(of('host_version_info{host="h1",version="0.0.9"}'), 1);
  assert.ok(text.endsWith("# EOF\n"));
  for (const file of [RULES, DASHBOARD]) {
    const asked = [...readFileSync(file, "utf8").matchAll(/scw_flexip_[a-z_]+/g)].map(([name]) => name);
    assert.ok(asked.length > 8);
    const missing = asked.filter((name) => !text.includes(`\n# TYPE ${name} `));
    assert.deepEqual(missing, [], file);
  }
  if (skip !== false) return context.skip(skip);
  assert.equal(promtool(["check", "metrics"], text), "", "promtool finds nothing to say");
});

test("the alert rules are valid, fire when they must and are silent when nothing is wrong", { skip }, () => {
  promtool(["check", "rules", RULES]);
  promtool(["test", "rules", join(import.meta.dirname, "rules.promtool.yml")]);
});

test("every alert has a section with meaning, impact, diagnosis and mitigation in the runbook", () => {
  const rules = readFileSync(RULES, "utf8");
  const sections = readFileSync(RUNBOOK, "utf8").split(/^## /m);
  for (const [, alert = ""] of rules.matchAll(/- alert: (\w+)/g)) {
    const section = sections.find((text) => text.startsWith(`${alert}\n`)) ?? "";
    for (const word of ["Meaning", "Impact", "Diagnosis", "itigation"])
      assert.ok(section.includes(word), `${alert}: ${word}`);
    assert.ok(rules.includes(`alerts.md#${alert.toLowerCase()}`), `${alert} has no runbook_url`);
  }
});

test("each of the dashboard's queries is one that Prometheus can read", { skip }, (context) => {
  const target = z.object({ expr: z.string() });
  const dashboard = z.object({ panels: z.array(z.object({ targets: z.array(target) })).length(8) });
  const { panels } = dashboard.parse(JSON.parse(readFileSync(DASHBOARD, "utf8")));
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$instance", ".*")));
  const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
  const folder = folderOf(context);
  writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "queries", rules }] }));
  promtool(["check", "rules", join(folder, "rules.yml")]);
});

onFrontEnd("runs and failures of the last hour are counted from the log, older ones are not", async (machine) => {
  const now = new Date().toISOString();
  const old = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const line = (time: string, level: string, pid: number): string =>
    `${JSON.stringify({ time, level, action: "get_address", host: "fe", pid, message: "leased" })}\n`;
  const lines = [line(old, "error", 1), line(now, "info", 2), line(now, "info", 2), line(now, "error", 3)];
  machine.write(LOG, lines.join(""));
  const values = valuesOf((await machine.exits(0, "metrics")).stdout);
  assert.equal(values.get('scw_flexip_calls_last_hour{action="get_address"}'), 2);
  assert.equal(values.get('scw_flexip_failed_calls_last_hour{action="get_address"}'), 1);
});

onFrontEnd("the file is whole and readable by all, and keeps the time of the last success", async (machine) => {
  const file = "var/lib/one/scw-flexip.prom";
  const line = `metrics --file ${machine.at(file)}`;
  const last = "scw_flexip_last_success_timestamp_seconds";
  await machine.exits(0, line);
  assert.equal(machine.modeOf(file), "644");
  machine.edit(file, (text) => text.replace(new RegExp(`^${last} \\d{10}$`, "m"), `${last} 1700000000`));
  machine.simulator.account.deny();
  await machine.exits(1, line);
  const samples = valuesOf(machine.read(file));
  assert.deepEqual([samples.get("scw_flexip_api_up"), samples.get(last)], [0, 1_700_000_000]);
  assert.deepEqual(globSync("var/lib/one/*.new*", { cwd: machine.root }), []);
});

onFrontEnd("a file that cannot be written is one line, and a relative path is wrong usage", async (machine) => {
  const { stderr } = await machine.exits(1, `metrics --file ${machine.at("nowhere/scw-flexip.prom")}`);
  assert.match(stderr, /nowhere\/scw-flexip\.prom cannot be written .*; let oneadmin write into its folder/);
  await machine.exits(2, "metrics --file relative.prom");
});

/** The metrics of a cloud in which everything that can be measured is there. */
async function metricsOfCloud(machine: LightMachine): Promise<string> {
  machine.configure({ PRICE_MONTH: "2.20" });
  addRange(machine, "203.0.113.1", "7", SERVER_A);
  addRange(machine, "203.0.113.2");
  machine.flexibleIp("203.0.113.9");
  runVm(machine, "7", "h1");
  machine.listHosts({ serverId: SERVER_ID });
  const version = { level: "ok", id: "version", role: "host", host: null, value: "0.0.9", why: "", cure: null };
  machine.aside("ssh-h1", `echo '${JSON.stringify([version])}'`);
  return (await machine.exits(0, "metrics --grace 0")).stdout;
}

function valuesOf(text: string): Map<string, number> {
  const samples = text.matchAll(/^(scw_flexip\S+(?: \S+)*) (\S+)$/gm);
  return new Map([...samples].map(([, name = "", value]) => [name, Number(value)]));
}

/** What promtool says; it must accept what it reads. */
function promtool(words: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("promtool", words, { input, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}
