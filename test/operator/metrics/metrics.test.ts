// scw-flexip metrics by the built executable: what Prometheus reads of a cloud, and what is left when something is silent.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { PROJECT } from "../../rig.ts";
import { addRange, CloudRig, SERVER_A } from "../cloud-rig.ts";

const OURS = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];

test("a cloud with drift, leases and a full server can be read from the metrics", async (context) => {
  const rig = await rigFor(context);
  rig.configure({ PRICE_MONTH: "2.20" });
  addRange(rig, "203.0.113.1", "7", SERVER_A);
  addRange(rig, "203.0.113.2");
  rig.simulator.account.add({ ip: "203.0.113.9", tags: OURS, projectId: PROJECT });
  rig.change(({ vms }) => vms.push({ id: "7", name: "web", state: "3", lcmState: "3", host: "kvm-a" }));
  const { code, stdout, stderr } = await rig.run(["metrics", "--grace", "0"]);
  assert.equal(code, 0, stderr);
  const values = valuesOf(stdout);
  assert.equal(
    values.get('scw_flexip_addresses{network="public",status="attached",origin="created",leased="true"}'),
    1,
  );
  assert.equal(values.get('scw_flexip_addresses{network="public",status="ready",origin="created",leased="false"}'), 1);
  assert.equal(values.get('scw_flexip_drift{kind="orphan"}'), 1);
  assert.equal(values.get('scw_flexip_drift{kind="not-attached"}'), 0);
  assert.equal(values.get('scw_flexip_server_addresses{host="kvm-a"}'), 1);
  assert.equal(values.get("scw_flexip_spend_per_month"), 6.6);
  assert.equal(values.get("scw_flexip_api_up"), 1);
  assert.ok(stdout.endsWith("# EOF\n"));
});

test("runs and failures of the last hour are counted from the log, older ones are not", async (context) => {
  const rig = await rigFor(context);
  const now = new Date().toISOString();
  const old = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const line = (time: string, level: string, pid: number): string =>
    JSON.stringify({ time, level, action: "get_address", host: "fe", pid, message: "leased" });
  writeFileSync(
    rig.at("var/log/one/scw-flexip.log"),
    [line(old, "error", 1), line(now, "info", 2), line(now, "info", 2), line(now, "error", 3), ""].join("\n"),
  );
  const values = valuesOf((await rig.run(["metrics"])).stdout);
  assert.equal(values.get('scw_flexip_calls_last_hour{action="get_address"}'), 2);
  assert.equal(values.get('scw_flexip_failed_calls_last_hour{action="get_address"}'), 1);
});

test("the file is whole, readable by all, and keeps the time of the last success while the API is away", async (context) => {
  const rig = await rigFor(context);
  const file = rig.at("var/lib/one/scw-flexip.prom");
  assert.equal((await rig.run(["metrics", "--file", file])).code, 0);
  const before = valuesOf(readFileSync(file, "utf8"));
  assert.equal(statSync(file).mode & 0o777, 0o644);
  rig.simulator.account.behave({ api: "unavailable" });
  assert.equal((await rig.run(["metrics", "--file", file])).code, 1);
  const after = valuesOf(readFileSync(file, "utf8"));
  assert.equal(after.get("scw_flexip_api_up"), 0);
  const last = "scw_flexip_last_success_timestamp_seconds";
  assert.equal(after.get(last), before.get(last));
  assert.deepEqual(
    readdirSync(dirname(file)).filter((name) => name.includes(".new")),
    [],
  );
});

test("a file that cannot be written is one line and no half file", async (context) => {
  const rig = await rigFor(context);
  const { code, stderr } = await rig.run(["metrics", "--file", rig.at("nowhere/scw-flexip.prom")]);
  assert.equal(code, 1);
  assert.match(stderr, /nowhere\/scw-flexip\.prom cannot be written .*; let oneadmin write into its folder/);
  assert.equal((await rig.run(["metrics", "--file", "relative.prom"])).code, 2);
});

async function rigFor(context: TestContext): Promise<CloudRig> {
  const rig = await CloudRig.start();
  context.after(() => rig.stop());
  return rig.installed();
}

function valuesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}
