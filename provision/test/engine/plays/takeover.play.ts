// A cloud that other tools made is taken over by import, as docs/deploy.md tells: the servers stay, with what is on them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { withoutEngine } from "../operator.ts";
import { type Document, documentsOf, isDocument, parseDocument, textOf } from "../stand-in/record.ts";
import { changesSince, configure, setWorkers, sshKey, startWorld, type World } from "../world.ts";

const GUIDE = new URL("../../../../docs/deploy.md", import.meta.url);
const skip = withoutEngine();

test("a cloud taken over", { skip }, async (play) => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await configure(world);
    await setWorkers(world, []);
  });
  after(() => world.end());

  await play.test("the guide's import file takes in what is there", async () => {
    const ids = await orderByHand(world);
    const file = `${world.operator.folder}/import.json`;
    writeFileSync(
      file,
      JSON.stringify({ ...guideFile(), resources: withIds(documentsOf(guideFile(), "resources"), ids) }),
    );
    await world.operator.run("pulumi", ["import", "--file", file, "--generate-code=false", "--yes"]);
    const imported = (await world.operator.resources()).map((resource) => textOf(resource, "id"));
    for (const [what, id] of Object.entries(ids)) assert.ok(imported.includes(id), what);
  });

  await play.test("up then makes keys, changes names and tags, and replaces and deletes nothing", async () => {
    const server = world.scaleway.store.list("servers")[0];
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stdout + stderr);
    const changes = changesSince(world, mark);
    assert.deepEqual(
      changes.filter((call) => call.startsWith("DELETE ")),
      [],
    );
    assert.deepEqual(
      changes.filter((call) => call.startsWith("POST ") && !call.includes("/iam/")),
      [],
    );
    assert.deepEqual(
      world.scaleway.store.list("servers").map(({ id }) => id),
      [server?.id],
    );
    assert.equal(textOf(world.scaleway.store.list("servers")[0], "name"), "opennebula-fe");
    assert.deepEqual(world.scaleway.store.list("reinstallations"), []);
  });

  await play.test("its next up changes nothing", async () => {
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("up");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(changesSince(world, mark), []);
  });
});

/** The import file as the guide prints it. */
function guideFile(): Document {
  const block = /```json\n([^`]*"resources"[^`]*)```/.exec(readFileSync(GUIDE, "utf8"))?.[1];
  if (block === undefined) throw new Error("docs/deploy.md shows no import file");
  return parseDocument(block);
}

/** Puts each id into the import file, by type and by the last word of the name in the program. */
function withIds(resources: readonly Document[], ids: Readonly<Record<string, string>>): Document[] {
  return resources.map((resource) => {
    if (resource.id === undefined) return resource;
    const type = textOf(resource, "type").split(":").at(-1) ?? "";
    const name = textOf(resource, "logicalName") || textOf(resource, "name");
    const id = ids[type] ?? ids[`${type} ${name.split("-").at(-1)}`];
    if (id === undefined) throw new Error(`nothing here is a ${type} ${name}`);
    return { ...resource, id };
  });
}

/** What the OpenTofu modules leave behind: networks, a key, and one server whose addresses Scaleway chose. */
async function orderByHand(world: World): Promise<Record<string, string>> {
  const { SCW_SECRET_KEY: token = "" } = world.operator.environment;
  const call = async (method: string, path: string, body: Document) => {
    const request = { method, headers: { "X-Auth-Token": token }, body: JSON.stringify(body) };
    return parseDocument(await (await fetch(world.scaleway.url + path, request)).text());
  };
  const project_id = world.projectId;
  const vpc = await call("POST", "/vpc/v2/regions/fr-par/vpcs", { name: "vpc-acme", project_id, tags: [] });
  const network = (name: string, subnet: string) =>
    call("POST", "/vpc/v2/regions/fr-par/private-networks", { name, project_id, vpc_id: vpc.id, subnets: [subnet] });
  const hosttohost = await network("subnet_private_opennebula", "10.16.0.0/20");
  const vmtovm = await network("subnet_private_vmtovm", "172.16.24.0/22");
  const key = await call("POST", "/iam/v1alpha1/ssh-keys", { name: "generated", project_id, public_key: sshKey(1) });
  const server = await call("POST", SERVERS, {
    name: "opennebula-web",
    project_id,
    offer_id: "e1680dec-52aa-4cbc-b70c-ef32d863fdb0",
    install: { os_id: "7d1914e1-f4ab-47fc-bd8c-b3a23143e87a", ssh_key_ids: [key.id ?? ""] },
  });
  const at = `${SERVERS}/${textOf(server, "id")}`;
  await call("POST", `${at}/options/cd4158d7-2d65-49be-8803-c4b8ab6f760c`, {});
  const wanted = { [textOf(hosttohost, "id")]: [], [textOf(vmtovm, "id")]: [] };
  await call("PUT", `${at.replace("/v1/", "/v3/")}/private-networks`, { per_private_network_ipam_ip_ids: wanted });
  const settled = `${world.scaleway.url}/baremetal/v3/zones/fr-par-2/server-private-networks?server_id=${textOf(server, "id")}`;
  for (const url of [world.scaleway.url + at, settled]) await fetch(url, { headers: { "X-Auth-Token": token } });
  return {
    Vpc: `fr-par/${textOf(vpc, "id")}`,
    "PrivateNetwork hosttohost": `fr-par/${textOf(hosttohost, "id")}`,
    "PrivateNetwork vmtovm": `fr-par/${textOf(vmtovm, "id")}`,
    SshKey: textOf(key, "id"),
    Server: `fr-par-2/${textOf(server, "id")}`,
    "Ip hosttohost": `fr-par/${addressIn(world, hosttohost)}`,
    "Ip vmtovm": `fr-par/${addressIn(world, vmtovm)}`,
  };
}

const SERVERS = "/baremetal/v1/zones/fr-par-2/servers";

/** The IPv4 address that Scaleway gave to the server in that network. */
function addressIn({ scaleway }: World, network: Document): string {
  const subnets = documentsOf(network, "subnets").map((subnet) => subnet.id);
  const found = scaleway.store
    .list("ips")
    .find((ip) => ip.is_ipv6 === false && isDocument(ip.source) && subnets.includes(ip.source.subnet_id));
  return textOf(found, "id");
}
