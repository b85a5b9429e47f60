// scw-flexip metrics: what Prometheus reads of a cloud, and what is left when something is silent.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { install } from "../../../driver/operator/install/install.ts";
import { metrics } from "../../../driver/operator/metrics.ts";
import { PROJECT } from "../../rig.ts";
import { LightMachine, SERVER, VERSION } from "../light-machine.ts";

const TAGS = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
const HOST = `<HOST><NAME>h1</NAME><STATE>2</STATE><TEMPLATE><SCW_SERVER_ID>fr-par-2/${SERVER}</SCW_SERVER_ID></TEMPLATE></HOST>`;

test("a cloud with drift, a lease and an orphan can be read from the metrics", async (context) => {
  const machine = await machineFor(context);
  machine.configure("frontend", { PRICE_MONTH: "2.20" });
  // The listing packs a lease as its index and the VM's id with bit 36 set.
  const ranges = [
    rangeOf(machine, 0, "203.0.113.1", SERVER, `<ALLOCATED> 0 ${2n ** 36n + 7n}</ALLOCATED>`),
    rangeOf(machine, 1, "203.0.113.2"),
  ];
  const network = "<ID>0</ID><NAME>public</NAME><VN_MAD>bridge</VN_MAD><BRIDGE/>";
  machine.says("onevnet", `<VNET_POOL><VNET>${network}<AR_POOL>${ranges.join("")}</AR_POOL></VNET></VNET_POOL>`);
  const history = "<HISTORY_RECORDS><HISTORY><HOSTNAME>h1</HOSTNAME></HISTORY></HISTORY_RECORDS>";
  const vm = `<VM><ID>7</ID><NAME>web</NAME><STATE>3</STATE><LCM_STATE>3</LCM_STATE>${history}</VM>`;
  machine.says("onevm", `<VM_POOL>${vm}</VM_POOL>`);
  machine.says("onehost", `<HOST_POOL>${HOST}</HOST_POOL>`);
  const version = { level: "ok", id: "version", role: "host", host: null, value: "0.0.9", why: "", cure: null };
  machine.says("ssh-h1", `echo '${JSON.stringify([version])}'`);
  machine.simulator.account.add({ ip: "203.0.113.9", tags: TAGS, projectId: PROJECT });
  const { code, stdout, stderr } = await machine.run(metrics, { grace: "0" });
  assert.equal(code, 0, stderr);
  const values = valuesOf(stdout);
  const of = (name: string): number | undefined => values.get(`scw_flexip_${name}`);
  assert.equal(of('addresses{network="public",status="attached",origin="created",leased="true"}'), 1);
  assert.equal(of('addresses{network="public",status="ready",origin="created",leased="false"}'), 1);
  assert.equal(of('drift{kind="orphan"}'), 1);
  assert.equal(of('drift{kind="not-attached"}'), 0);
  assert.equal(of('server_addresses{host="h1"}'), 1);
  assert.equal(of("spend_per_month"), 6.6);
  assert.equal(of("api_up"), 1);
  assert.equal(of(`build_info{version="${VERSION}"}`), 1);
  assert.equal(of('host_version_info{host="h1",version="0.0.9"}'), 1);
  assert.ok(stdout.endsWith("# EOF\n"));
});

test("runs and failures of the last hour are counted from the log, older ones are not", async (context) => {
  const machine = await machineFor(context);
  const now = new Date().toISOString();
  const old = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const line = (time: string, level: string, pid: number): string =>
    `${JSON.stringify({ time, level, action: "get_address", host: "fe", pid, message: "leased" })}\n`;
  const lines = [line(old, "error", 1), line(now, "info", 2), line(now, "info", 2), line(now, "error", 3)];
  machine.write("var/log/one/scw-flexip.log", lines.join(""));
  const values = valuesOf((await machine.run(metrics, {})).stdout);
  assert.equal(values.get('scw_flexip_calls_last_hour{action="get_address"}'), 2);
  assert.equal(values.get('scw_flexip_failed_calls_last_hour{action="get_address"}'), 1);
});

test("the file is whole, readable by all, and keeps the time of the last success while the API is away", async (context) => {
  const machine = await machineFor(context);
  const file = "var/lib/one/scw-flexip.prom";
  const values = { file: machine.at(file), timeout: "3" };
  assert.equal((await machine.run(metrics, values)).code, 0);
  const before = valuesOf(machine.read(file));
  assert.equal(machine.modeOf(file), "644");
  machine.simulator.account.behave({ api: "unavailable" });
  assert.equal((await machine.run(metrics, values)).code, 1);
  const after = valuesOf(machine.read(file));
  assert.equal(after.get("scw_flexip_api_up"), 0);
  const last = "scw_flexip_last_success_timestamp_seconds";
  assert.equal(after.get(last), before.get(last));
  const left = readdirSync(machine.at("var/lib/one")).filter((name) => name.includes(".new"));
  assert.deepEqual(left, []);
});

test("a file that cannot be written is one line, and a relative path is wrong usage", async (context) => {
  const machine = await machineFor(context);
  const { code, stderr } = await machine.run(metrics, { file: machine.at("nowhere/scw-flexip.prom") });
  assert.equal(code, 1);
  assert.match(stderr, /nowhere\/scw-flexip\.prom cannot be written .*; let oneadmin write into its folder/);
  assert.equal((await machine.run(metrics, { file: "relative.prom" })).code, 2);
});

async function machineFor(context: TestContext): Promise<LightMachine> {
  const machine = await LightMachine.start(context);
  await machine.run(install, { frontend: true, tokenFile: machine.aside("key", machine.simulator.token) });
  machine.configure("frontend");
  return machine;
}

/** A range with its flexible IP. */
function rangeOf({ simulator }: LightMachine, id: number, ip: string, serverId?: string, lease = ""): string {
  const mac = `52:54:00:00:01:0${id}`;
  const at = serverId === undefined ? {} : { serverId };
  const flexibleIp = simulator.account.add({ ip, mac, tags: TAGS, projectId: PROJECT, ...at });
  const fields = { AR_ID: id, IP: ip, MAC: mac, SIZE: 1, IPAM_MAD: "scw-flexip", SCW_FLEXIBLE_IP_ID: flexibleIp.id };
  const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<AR>${lease}${xml.join("")}</AR>`;
}

function valuesOf(text: string): Map<string, number> {
  const samples = text.matchAll(/^(scw_flexip\S+(?: \S+)*) (\S+)$/gm);
  return new Map([...samples].map(([, name = "", value]) => [name, Number(value)]));
}
