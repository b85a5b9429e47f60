// A small OpenNebula for one test: `onevnet`, `onevm`, `onehost`, `onezone`, `ssh` and `logger` by their first argument. State
// is a JSON file. Ranges are registered and unregistered by the installed shims, as one_ipam does. Shapes as in fixtures/recorded.
import { spawnSync } from "node:child_process";
import { cpSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspectOnedConf } from "../../driver/operator/install/oned-conf.ts";
import { ipamDocument, readTemplate } from "../documents.ts";

export type FakeRange = { id: string; attributes: Record<string, string>; vm?: string };
export type FakeNetwork = {
  id: string;
  name: string;
  driver: string;
  bridge?: string;
  ranges: FakeRange[];
  /** Attributes of its template. */
  template?: Record<string, string>;
};
export type FakeVm = { id: string; name: string; state: string; lcmState: string; host: string };
export type FakeHost = {
  name: string;
  serverId?: string;
  state: string;
  /** What it prints for a command. */
  answers: Record<string, string>;
  /** Where its files are: a command that starts with a path is run there. */
  root?: string;
};
export type FakeCloud = {
  readonly remotes: string;
  readonly onedConf: string;
  /** Environment of the IPAM actions, and of what runs on hosts. */
  readonly environment: Record<string, string>;
  networks: FakeNetwork[];
  vms: FakeVm[];
  hosts: FakeHost[];
  /** What onezone shows of the front-ends; none where there is one alone. */
  servers?: { id: string; name: string; state: string; term: string }[];
  /** What the system's log got. */
  syslog?: string[];
  /** What was run, without what only reads. */
  calls: string[];
};

const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
const file = process.env.FAKE_ONE ?? "";
const cloud: FakeCloud = JSON.parse(readFileSync(file, "utf8"));
const [tool = "", ...words] = process.argv.slice(2);

function save(): void {
  writeFileSync(`${file}.new`, JSON.stringify(cloud, null, 1));
  renameSync(`${file}.new`, file);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(255);
}

function element(name: string, value: string): string {
  return `<${name}><![CDATA[${value}]]></${name}>`;
}

/** The listing packs a lease as its index and the holder's number, with bit 36 for a VM. */
function rangeXml({ id, attributes, vm }: FakeRange): string {
  const allocated = vm === undefined ? {} : { ALLOCATED: ` 0 ${2n ** 36n + BigInt(vm)}` };
  const all = Object.entries({ ...allocated, AR_ID: id, ...attributes }).map(([name, value]) => element(name, value));
  return `<AR>${all.join("")}</AR>`;
}

function networkXml({ id, name, driver, bridge = "", ranges, template = {} }: FakeNetwork): string {
  const pool = ranges.map(rangeXml).join("");
  const attributes = Object.entries(template)
    .map(([key, value]) => element(key, value))
    .join("");
  return `<VNET><ID>${id}</ID><NAME>${name}</NAME>${element("VN_MAD", driver)}${element("BRIDGE", bridge)}<TEMPLATE>${attributes}</TEMPLATE><AR_POOL>${pool}</AR_POOL></VNET>`;
}

function network(name: string): FakeNetwork {
  const found = cloud.networks.find((candidate) => candidate.id === name || candidate.name === name);
  return found ?? fail(`[one.vn.info] Error getting virtual network [${name}].`);
}

/** As one_ipam: standard output is the answer, plain lines of standard error are the reason. */
function ipam(action: string, attributes: Record<string, string>): string {
  const driver = attributes.IPAM_MAD ?? "";
  if (inspectOnedConf(readFileSync(cloud.onedConf, "utf8")).ipam === "not listed") {
    fail(`[one.vn.add_ar] IPAM driver '${driver}' not available`);
  }
  const result = spawnSync(join(cloud.remotes, "ipam", driver, action), ["7"], {
    input: Buffer.from(ipamDocument(attributes)).toString("base64"),
    env: { PATH: "/usr/bin:/bin", ...cloud.environment },
    encoding: "utf8",
  });
  if (result.status === 0) return result.stdout;
  const reason = result.stderr.split("\n").filter((line) => !/^(DEBUG|INFO|WARN|ERROR): /.test(line));
  return fail(`[one.vn.add_ar] ${reason.join("")}`);
}

function addRange(name: string, path: string): void {
  const typed = Object.fromEntries(readTemplate(readFileSync(path, "utf8"), "AR"));
  const target = network(name);
  const answer = readTemplate(ipam("register_address_range", typed), "AR");
  const id = String(Math.max(-1, ...target.ranges.map((range) => Number(range.id))) + 1);
  target.ranges.push({ id, attributes: Object.fromEntries(answer) });
  save();
}

function removeRange(name: string, id: string, isForced: boolean): void {
  const target = network(name);
  const range = target.ranges.find((candidate) => candidate.id === id) ?? fail("[one.vn.rm_ar] AR does not exist");
  if (range.vm !== undefined && !isForced) fail("[one.vn.rm_ar] Address Range has leases in use");
  ipam("unregister_address_range", { AR_ID: id, ...range.attributes });
  target.ranges = target.ranges.filter((candidate) => candidate !== range);
  save();
}

function vmXml(vm: FakeVm): string {
  const history = `<HISTORY_RECORDS><HISTORY>${element("HOSTNAME", vm.host)}</HISTORY></HISTORY_RECORDS>`;
  return `<VM><ID>${vm.id}</ID><NAME>${vm.name}</NAME><STATE>${vm.state}</STATE><LCM_STATE>${vm.lcmState}</LCM_STATE>${history}</VM>`;
}

function hostXml(host: FakeHost): string {
  const attribute = host.serverId === undefined ? "" : element("SCW_SERVER_ID", host.serverId);
  return `<HOST><NAME>${host.name}</NAME><STATE>${host.state}</STATE><TEMPLATE>${attribute}</TEMPLATE></HOST>`;
}

function serverXml({ id, name, state, term }: NonNullable<FakeCloud["servers"]>[number]): string {
  const endpoint = element("ENDPOINT", `http://${name}:2633/RPC2`);
  return `<SERVER>${endpoint}<ID>${id}</ID><NAME>${name}</NAME><STATE>${state}</STATE><TERM>${term}</TERM></SERVER>`;
}

/** As onehost sync: the whole tree, links followed. */
function sync(): void {
  for (const { root } of cloud.hosts) {
    if (root === undefined) continue;
    const tree = join(root, "var/tmp/one");
    rmSync(tree, { recursive: true, force: true });
    const executable = join(cloud.remotes, EXECUTABLE);
    cpSync(cloud.remotes, tree, { recursive: true, dereference: true, filter: (path) => path !== executable });
    // A copy would do as well, but it is large.
    linkSync(executable, join(tree, EXECUTABLE));
  }
  process.stdout.write("All hosts updated successfully.\n");
}

function createNetwork(path: string): void {
  const text = readFileSync(path, "utf8");
  const value = (name: string): string => new RegExp(`^${name} *= *"([^"]*)"$`, "m").exec(text)?.[1] ?? "";
  const id = String(cloud.networks.length);
  cloud.networks.push({ id, name: value("NAME"), driver: value("VN_MAD"), bridge: value("BRIDGE"), ranges: [] });
  save();
  process.stdout.write(`ID: ${id}\n`);
}

function updateHost(name: string, file: string): void {
  const host = cloud.hosts.find((candidate) => candidate.name === name) ?? fail(`[one.host.info] no host ${name}`);
  const [, id] = /^SCW_SERVER_ID *= *"([^"]*)"$/m.exec(readFileSync(file, "utf8")) ?? fail("nothing to update");
  if (id !== undefined) host.serverId = id;
  save();
}

/** Runs what stands in the host's root, as oneadmin's shell there would. */
function onHost({ root, answers }: FakeHost, command: string[]): void {
  const answer = answers[command.join(" ")];
  if (answer !== undefined) {
    process.stdout.write(answer);
    return;
  }
  if (root === undefined) fail("ssh: connect to host: Connection refused");
  const [program = "", ...rest] = command.map((word) => (/^\/(var|etc)\//.test(word) ? join(root, word) : word));
  const isOurs = program.endsWith("/scw-flexip");
  const result = spawnSync(program, [...rest, ...(isOurs ? ["--root", root] : [])], {
    stdio: ["inherit", "inherit", "inherit"],
    env: { PATH: "/usr/bin:/bin" },
  });
  process.exit(result.status ?? 127);
}

const asked = `${tool} ${words.join(" ")}`;
if (!/ list |^ssh|^onezone show|^logger/.test(`${asked} `)) {
  cloud.calls.push(asked.replace(/\S*\/(range|host)$/, "FILE"));
  save();
}
if (asked === "onevnet list -x") {
  process.stdout.write(`<VNET_POOL>${cloud.networks.map(networkXml).join("")}</VNET_POOL>\n`);
} else if (tool === "onevnet" && words[0] === "addar") {
  addRange(words[1] ?? "", words[2] ?? "");
} else if (tool === "onevnet" && words[0] === "rmar") {
  removeRange(words[1] ?? "", words[2] ?? "", words[3] === "--force");
} else if (asked === "onevm list -x") {
  process.stdout.write(`<VM_POOL>${cloud.vms.map(vmXml).join("")}</VM_POOL>\n`);
} else if (asked === "onehost list -x") {
  process.stdout.write(`<HOST_POOL>${cloud.hosts.map(hostXml).join("")}</HOST_POOL>\n`);
} else if (asked === "onezone show 0 -x") {
  const pool = (cloud.servers ?? []).map(serverXml).join("");
  process.stdout.write(`<ZONE><ID>0</ID><NAME>OpenNebula</NAME><SERVER_POOL>${pool}</SERVER_POOL></ZONE>\n`);
} else if (tool === "logger") {
  cloud.syslog = [...(cloud.syslog ?? []), words.join(" ")];
  save();
} else if (asked === "onehost sync -f") {
  sync();
} else if (tool === "onevnet" && words[0] === "create") {
  createNetwork(words[1] ?? "");
} else if (tool === "onehost" && words[0] === "update" && words[2] === "--append") {
  updateHost(words[1] ?? "", words[3] ?? "");
} else if (tool === "ssh") {
  const [name = "", ...command] = words.slice(words.indexOf("--") + 1);
  onHost(cloud.hosts.find((host) => host.name === name) ?? fail(`ssh: could not resolve ${name}`), command);
} else fail(`${tool}: no such command here: ${words.join(" ")}`);
