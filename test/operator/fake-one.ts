// What changes the small OpenNebula of a test (fake-cloud.ts): `onevnet` and `onehost`, by their first argument. Ranges are
// registered and unregistered by the installed shims, as one_ipam does. Shapes as in fixtures/recorded.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ipamDocument, readTemplate } from "../documents.ts";
import { type FakeCloud, type FakeNetwork, writeCloud } from "./fake-cloud.ts";

const file = process.env.FAKE_ONE ?? "";
const cloud: FakeCloud = JSON.parse(readFileSync(file, "utf8"));
const asked = process.argv.slice(2);

const [tool, verb, ...words] = asked;

const COMMANDS: Readonly<Record<string, (first: string, second: string, third: string) => void>> = {
  "onevnet addar": (name, path) => {
    const typed = Object.fromEntries(readTemplate(readFileSync(path, "utf8"), "AR"));
    const { ranges } = network(name);
    const answer = readTemplate(ipam("register_address_range", typed), "AR");
    const id = String(Math.max(-1, ...ranges.map((range) => Number(range.id))) + 1);
    ranges.push({ id, attributes: Object.fromEntries(answer) });
  },

  "onevnet rmar": (name, id, force) => {
    const target = network(name);
    const range = target.ranges.find((candidate) => candidate.id === id) ?? fail("[one.vn.rm_ar] AR does not exist");
    if (range.vm !== undefined && force !== "--force") fail("[one.vn.rm_ar] Address Range has leases in use");
    ipam("unregister_address_range", { AR_ID: id, ...range.attributes });
    target.ranges = target.ranges.filter((candidate) => candidate !== range);
  },

  "onevnet create": (path) => {
    const of = (key: string): string => attributeIn(path, key) ?? fail(`no ${key}`);
    const id = String(cloud.networks.length);
    cloud.networks.push({ id, name: of("NAME"), driver: of("VN_MAD"), bridge: of("BRIDGE"), ranges: [] });
  },

  "onehost sync": (force) => {
    if (force !== "-f") fail("without -f, hosts of this version keep their tree");
    for (const { root } of cloud.hosts) {
      const tree = join(root, "var/tmp/one");
      rmSync(tree, { recursive: true, force: true });
      cpSync(cloud.remotes, tree, { recursive: true, dereference: true });
    }
  },

  "onehost update": (name, append, path) => {
    if (append !== "--append") fail("without --append, the host loses its other attributes");
    const host = cloud.hosts.find((candidate) => candidate.name === name) ?? fail(`[one.host.info] no host ${name}`);
    host.serverId = attributeIn(path, "SCW_SERVER_ID") ?? fail("nothing to update");
  },
};

cloud.calls.push(asked.join(" "));
writeCloud(file, cloud);
const command = COMMANDS[`${tool} ${verb}`] ?? fail(`no such command here: ${asked.join(" ")}`);
const [first = "", second = "", third = ""] = words;
command(first, second, third);
writeCloud(file, cloud);

function attributeIn(path: string, name: string): string | undefined {
  return new RegExp(`^${name} *= *"([^"]*)"$`, "m").exec(readFileSync(path, "utf8"))?.[1];
}

function network(name: string): FakeNetwork {
  const found = cloud.networks.find((candidate) => candidate.id === name || candidate.name === name);
  return found ?? fail(`[one.vn.info] Error getting virtual network [${name}].`);
}

/** As one_ipam: standard output is the answer, plain lines of standard error are the reason. */
function ipam(action: string, attributes: Record<string, string>): string {
  const result = spawnSync(join(cloud.remotes, "ipam", attributes.IPAM_MAD ?? "", action), ["7"], {
    input: Buffer.from(ipamDocument(attributes)).toString("base64"),
    env: { PATH: "/usr/bin:/bin", ...cloud.environment },
    encoding: "utf8",
  });
  if (result.status === 0) return result.stdout;
  const reason = result.stderr.replaceAll(/^(DEBUG|INFO|WARN|ERROR): .*\n/gm, "");
  return fail(`[one.vn.add_ar] ${reason}`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(255);
}
