// The whole graph, as the engine would be asked for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { vlanOf } from "../elastic-metal-server.ts";
import { buildGraph, EXPIRY, NEEDED, ORGANIZATION, PROJECT, read } from "./graph.ts";
import { all, names, one, PRIVATE_NETWORK, SERVER, TAGS } from "./registrations.ts";
import { idOf } from "./world.ts";

for (const workers of [0, 1, 5]) {
  const servers = ["fe", ...Array.from({ length: workers }, (_, index) => `host0${index + 1}`)];
  // Mocks are global: one graph at a time.
  const graph = await buildGraph({ written: { workers: JSON.stringify(servers.slice(1)) } });

  describe(`a cloud with ${workers} workers`, () => {
    test("has these resources and no other", () => {
      const count = Object.fromEntries(
        [...new Set(graph.registrations.map(({ type }) => type))].map((type) => [type, all(graph, type).length]),
      );
      assert.deepEqual(count, {
        "hosted-cloud:index:PrivateNetworks": 1,
        "scaleway:network/vpc:Vpc": 1,
        [PRIVATE_NETWORK]: 2,
        "scaleway:iam/sshKey:SshKey": 1,
        "hosted-cloud:index:ElasticMetalServer": workers + 1,
        "scaleway:ipam/ip:Ip": 2 * (workers + 1),
        [SERVER]: workers + 1,
        "hosted-cloud:index:DriverCredential": 2,
        "scaleway:iam/application:Application": 2,
        "scaleway:iam/group:Group": 2,
        "scaleway:iam/policy:Policy": 2,
        "scaleway:iam/apiKey:ApiKey": 2,
      });
      assert.deepEqual(names(graph, SERVER), servers);
    });

    test("puts everything into the project, region and zone of the settings", () => {
      const inProject = [
        PRIVATE_NETWORK,
        SERVER,
        "scaleway:network/vpc:Vpc",
        "scaleway:ipam/ip:Ip",
        "scaleway:iam/sshKey:SshKey",
      ];
      for (const { type, inputs } of graph.registrations) {
        if (inProject.includes(type)) assert.equal(inputs.projectId, PROJECT, type);
        if (type.startsWith("scaleway:network/") || type.startsWith("scaleway:ipam/"))
          assert.equal(inputs.region, "fr-par", type);
        if (/iam\/(application|group|policy)/.test(type)) assert.equal(inputs.organizationId, ORGANIZATION, type);
        if (type.startsWith("scaleway:") && !/sshKey|apiKey|server:/.test(type))
          assert.deepEqual(inputs.tags, TAGS, type);
      }
    });

    test("orders every server with its image, option, networks and booked IPv4 addresses, doubly protected", () => {
      for (const name of servers) {
        const server = one(graph, SERVER, name);
        assert.deepEqual(server.inputs, {
          name: `opennebula-${name}`,
          hostname: `opennebula-${name}`,
          zone: "fr-par-2",
          projectId: PROJECT,
          offer: idOf("scaleway:elasticmetal/getOffer:getOffer", "offerId"),
          os: idOf("scaleway:elasticmetal/getOs:getOs", "osId"),
          sshKeyIds: [idOf("scaleway:iam/sshKey:SshKey", "operator")],
          options: [{ id: idOf("scaleway:elasticmetal/getOption:getOption", "optionId") }],
          privateNetworks: [
            { id: idOf(PRIVATE_NETWORK, "hosttohost"), ipamIpIds: [booked(`${name}-hosttohost`)] },
            { id: idOf(PRIVATE_NETWORK, "vmtovm"), ipamIpIds: [booked(`${name}-vmtovm`)] },
          ],
          protected: true,
          reinstallOnConfigChanges: false,
          // As Scaleway leaves them: it adds one to each server with the option.
          tags: [...TAGS, "PrivateNetwork"],
        });
        assert.equal(server.protect, true);
        assert.deepEqual(server.ignoreChanges, ["os", "sshKeyIds", "tags"]);
        assert.equal(server.parent, `hosted-cloud:index:ElasticMetalServer::${name}`);
      }
      assert.ok(all(graph, "scaleway:ipam/ip:Ip").every(({ inputs, protect }) => inputs.isIpv6 === false && protect));
    });

    test("routes between its networks, which nothing deletes by accident", () => {
      assert.equal(one(graph, "scaleway:network/vpc:Vpc", "vpc").inputs.enableRouting, true);
      for (const type of ["scaleway:network/vpc:Vpc", PRIVATE_NETWORK])
        assert.ok(all(graph, type).every(({ protect }) => protect));
    });

    test("gives out hosts in the open, the front-end first, with the VLAN of each network by id", async () => {
      const hosts = await read(graph.outputs.hosts);
      assert.equal(hosts.secret, false);
      assert.deepEqual(
        hosts.value,
        servers.map((name, index) => ({
          name,
          publicIp: `192.0.2.${10 + index}`,
          privateIp: `10.16.0.${10 + index}`,
          serverId: idOf(SERVER, name),
          layout: {
            hosttohost: { vlan: 1010 + index, address: `10.16.0.${10 + index}/20` },
            vmtovm: { vlan: 2010 + index, address: `172.16.24.${10 + index}/22` },
          },
        })),
      );
    });

    test("gives out passwords and tokens as secrets", async () => {
      const inventory = await read(graph.outputs.inventory);
      assert.equal(inventory.secret, true);
      assert.deepEqual(Object.keys(parse(inventory.value ?? "").node.hosts), servers);
      for (const which of ["frontend", "hosts"] as const) {
        const token = await read(graph.outputs.driver[`${which}Token`]);
        assert.deepEqual(token, { value: `secret-key-of-driver-${which}-${EXPIRY}`, secret: true });
      }
    });

    test("hands no secret to a resource", () => {
      const sent = JSON.stringify(graph.registrations.map(({ inputs }) => inputs));
      assert.doesNotMatch(sent, /secret word|secret-key-of/);
    });
  });
}

test("a network that half an order left without a VLAN gives out no layout, and says what to run", () => {
  const attached = [{ id: "11111111-1111-4111-8111-111111111111", vlan: 0 }];
  const id = `fr-par/${attached[0]?.id}`;
  assert.throws(() => vlanOf(attached, id, "host01"), { message: /^Scaleway gave no VLAN .* host01; run: make up$/ });
  assert.throws(() => vlanOf(undefined, id, "host01"), { message: /no VLAN/ });
  assert.equal(vlanOf([{ id: attached[0]?.id ?? "", vlan: 7 }], id, "host01"), 7);
});

test("the installed provider declares every property that is sent", async () => {
  const graph = await buildGraph({ written: { driverKeyOnlyFromHosts: "true" } });
  const types = new Set(
    graph.registrations.map(({ type }) => type).filter((type) => !type.startsWith("hosted-cloud:")),
  );
  assert.equal(types.size, 9);
  for (const type of types) {
    const declared = declaredArguments(type);
    const sent = all(graph, type).flatMap(({ inputs }) => Object.keys(inputs));
    assert.deepEqual(
      sent.filter((name) => !declared.includes(name)),
      [],
      type,
    );
  }
});

describe("the catalogue", () => {
  const OS = "scaleway:elasticmetal/getOs:getOs";

  test("without the image refuses a new server, and leaves those that are there alone", async () => {
    // The provider takes only UUIDs for a new server. For an existing server, the engine keeps the old value.
    const graph = await buildGraph({ written: { osVersion: "1.0" }, answers: { [OS]: "fr-par-2/" } });
    for (const { inputs, ignoreChanges } of all(graph, SERVER)) {
      assert.match(
        String(inputs.os),
        /^image Ubuntu 1.0 does not exist in zone fr-par-2; change the setting osName or/,
      );
      assert.ok(ignoreChanges.includes("os"));
    }
  });

  test("is asked for the offer even when it is no longer sold", async () => {
    const { calls } = await buildGraph();
    assert.deepEqual(calls.find(({ token }) => token.endsWith("getOffer"))?.inputs, {
      zone: "fr-par-2",
      name: "EM-A610R-NVME",
      subscriptionPeriod: "hourly",
      includeDisabled: true,
    });
    assert.deepEqual(calls.map(({ token }) => token.split(":").at(-1)).sort(), ["getOffer", "getOption", "getOs"]);
  });
});

/** The names in the interface of a resource's arguments, as npm carries it. */
function declaredArguments(type: string): string[] {
  const [, module = "", name = ""] = type.split(":");
  const file = new URL(`../node_modules/@pulumiverse/scaleway/${module}.d.ts`, import.meta.url);
  const text = readFileSync(file, "utf8");
  const body = text.slice(text.indexOf(`export interface ${name}Args {`));
  return [...body.slice(0, body.indexOf("\n}")).matchAll(/^ {4}(\w+)\??:/gm)].map(([, property = ""]) => property);
}

function booked(name: string): string {
  return idOf("scaleway:ipam/ip:Ip", name);
}

test("the settings needed here are all that have no default", () => {
  assert.deepEqual(Object.keys(NEEDED).sort(), ["driverKeyExpiries", "organizationId", "projectId", "sshPublicKey"]);
});
