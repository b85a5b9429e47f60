// Every rendered layout passes the real netplan, without a word from it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { parseHostFacts } from "../host-network/facts.ts";
import { type HostFacts, type HostLayout, renderNetplan } from "../host-network/netplan.ts";
import { without } from "./tools.ts";

const FACTS: HostFacts = {
  nic: "enp5s0",
  mac: "02:00:5e:00:53:01",
  address: "203.0.113.100/24",
  gateway: "203.0.113.1",
  resolvers: ["51.159.47.28", "51.159.47.26"],
};
const LAYOUT: HostLayout = {
  hosttohost: { vlan: 1234, address: "10.16.0.3/20" },
  vmtovm: { vlan: 2345, address: "172.16.24.3/22" },
};

const LAYOUTS: readonly { readonly title: string; readonly facts: HostFacts; readonly layout: HostLayout }[] = [
  { title: "the usual NIC", facts: FACTS, layout: LAYOUT },
  {
    title: "an old NIC name, one resolver",
    facts: { ...FACTS, nic: "eth0", resolvers: ["192.0.2.53"] },
    layout: LAYOUT,
  },
  { title: "the longest NIC name", facts: { ...FACTS, nic: "enp0s20f0u1u2c3" }, layout: LAYOUT },
  {
    title: "a gateway elsewhere in the network, the lowest and highest VLAN, narrow networks",
    facts: { ...FACTS, address: "198.51.100.7/26", gateway: "198.51.100.62" },
    layout: { hosttohost: { vlan: 1, address: "192.168.1.2/28" }, vmtovm: { vlan: 4094, address: "192.168.2.14/28" } },
  },
];

for (const { title, facts, layout } of LAYOUTS) {
  test(`netplan takes ${title}`, { skip: without("netplan") }, () => {
    const { said, units } = generate(renderNetplan(facts, layout));
    assert.equal(said, "");
    assert.match(units[`10-netplan-${facts.nic}.network`] ?? "", /Bridge=br0\nVLAN=hosttohost\nVLAN=vmtovm/);
    assert.match(units["10-netplan-br0.netdev"] ?? "", new RegExp(`MACAddress=${facts.mac}`));
    // Guests' frames flow at once, and no router's advertisement gives the NIC an address.
    assert.match(units["10-netplan-br0.netdev"] ?? "", /ForwardDelaySec=0\nSTP=false|STP=false\nForwardDelaySec=0/);
    for (const name of [facts.nic, "br0"])
      assert.match(units[`10-netplan-${name}.network`] ?? "", /IPv6AcceptRA=no/, name);
    const bridge = units["10-netplan-br0.network"] ?? "";
    assert.ok(bridge.includes(`Address=${facts.address}\n`) && bridge.includes(`Gateway=${facts.gateway}\n`), bridge);
    for (const resolver of facts.resolvers) assert.ok(bridge.includes(`DNS=${resolver}\n`), bridge);
    for (const [name, { vlan, address }] of Object.entries(layout)) {
      assert.ok(units[`10-netplan-${name}.netdev`]?.includes(`Id=${vlan}`));
      assert.ok(units[`10-netplan-${name}.network`]?.includes(`Address=${address}\n`));
    }
  });
}

test("a NIC's name that YAML would read as a number stays a name", () => {
  const text = renderNetplan({ ...FACTS, nic: "1e3" }, LAYOUT);
  assert.deepEqual(parse(text).network.bridges.br0.interfaces, ["1e3"]);
});

describe("facts of a host", () => {
  const printed =
    "nic=enp5s0\nmac=02:00:5e:00:53:01\naddress=203.0.113.100/24\ngateway=203.0.113.1\nresolvers=51.159.47.28 51.159.47.26\n";

  test("are read as the host prints them", () => {
    assert.deepEqual(parseHostFacts(printed, "fe", "fr-par-2"), FACTS);
  });

  test("lack resolvers: the zone's are taken", () => {
    const facts = parseHostFacts(printed.replace(/resolvers=.*/, "resolvers="), "fe", "pl-waw-1");
    assert.deepEqual(facts.resolvers, ["151.115.9.151", "151.115.9.153"]);
  });

  test("name a NIC longer than the kernel allows: refused, because netplan would only cut it off", () => {
    assert.throws(
      () => parseHostFacts(printed.replace("enp5s0", "enp0s20f0u1u2c34"), "fe", "fr-par-2"),
      /the host's nic/,
    );
  });

  for (const key of ["nic", "mac", "address", "gateway"]) {
    test(`lack the ${key}: the error names it, the host and the next move`, () => {
      const lacking = printed.replace(new RegExp(`${key}=.*`), `${key}=`);
      assert.throws(() => parseHostFacts(lacking, "host01", "fr-par-2"), {
        message: new RegExp(`^host01: the host's ${key} cannot be read .* make ssh HOST=host01$`),
      });
    });
  }
});

function generate(text: string): { readonly said: string; readonly units: Readonly<Record<string, string>> } {
  const root = mkdtempSync(join(tmpdir(), "netplan-"));
  try {
    mkdirSync(join(root, "etc/netplan"), { recursive: true });
    writeFileSync(join(root, "etc/netplan/60-hosted-cloud.yaml"), text, { mode: 0o600 });
    const { status, stdout, stderr } = spawnSync("netplan", ["generate", "--root-dir", root], { encoding: "utf8" });
    if (status !== 0) return { said: `${status} ${stderr}`, units: {} };
    const folder = join(root, "run/systemd/network");
    const units = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]);
    return { said: stdout + stderr, units: Object.fromEntries(units) };
  } finally {
    rmSync(root, { recursive: true });
  }
}
