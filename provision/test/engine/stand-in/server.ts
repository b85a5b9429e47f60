// Elastic Metal servers, as /baremetal/v1 has them: ordered, installed, protected, deleted, each after a while.
import { randomUUID } from "node:crypto";
import { type Document, documentsOf, isDocument, listOf, textOf } from "./record.ts";
import { type Answer, listing, ok, outOfStock, quotaExceeded, type Route, type World } from "./route.ts";

const SERVERS = "/baremetal/v1/zones/:zone/servers";
const NOT_FOUND = { status: 404, body: { message: "Not Found" } } as const;

/** Order, look, change, reinstall and delete servers, and add options to them. */
export function serverRoutes(world: World): Route[] {
  return [
    ["POST", SERVERS, ({ at, body }) => order(world, at.zone ?? "", body)],
    [
      "GET",
      SERVERS,
      ({ query }) => listing("servers", world.store.list("servers", { project_id: query.get("project_id") })),
    ],
    ["GET", `${SERVERS}/:id`, ({ at }) => look(world, at.id ?? "")],
    ["PATCH", `${SERVERS}/:id`, ({ at, body }) => change(world, at.id ?? "", body)],
    ["DELETE", `${SERVERS}/:id`, ({ at }) => remove(world, at.id ?? "")],
    ["POST", `${SERVERS}/:id/install`, ({ at, body }) => install(world, at.id ?? "", body)],
    ["POST", `${SERVERS}/:id/options/:option`, ({ at }) => addOption(world, at.id ?? "", at.option ?? "")],
  ];
}

function order(world: World, zone: string, body: Document): Answer {
  const offer = world.store.kind("offers").get(textOf(body, "offer_id"));
  if (offer === undefined) return { status: 404, body: { message: "offer not found" } };
  if (textOf(offer, "stock") === "empty") return outOfStock(textOf(offer, "name"));
  const quota = world.store.list("quota").find((each) => each.name === offer.quota_name);
  const limit = Number(documentsOf(quota, "limits")[0]?.limit ?? Number.POSITIVE_INFINITY);
  if (world.store.list("servers").length >= limit) return quotaExceeded(textOf(offer, "quota_name"), limit);
  const project = world.store.kind("projects").get(textOf(body, "project_id"));
  const wanted = isDocument(body.install) ? body.install : {};
  return ok(
    world.store.add("servers", {
      boot_type: "normal",
      name: textOf(body, "name"),
      description: textOf(body, "description"),
      domain: "",
      install: installOf(wanted),
      ips: [],
      offer_id: textOf(offer, "id"),
      offer_name: textOf(offer, "name"),
      options: [],
      organization_id: textOf(project, "organization_id"),
      ping_status: "ping_status_unknown",
      project_id: textOf(body, "project_id"),
      protected: body.protected === true,
      rescue_server: null,
      status: "ordered",
      tags: listOf(body, "tags"),
      user_data: null,
      zone,
    }),
  );
}

function installOf(wanted: Document): Document {
  return {
    hostname: textOf(wanted, "hostname"),
    os_id: textOf(wanted, "os_id"),
    partitioning_schema: null,
    service_url: "",
    service_user: "",
    ssh_key_ids: listOf(wanted, "ssh_key_ids"),
    status: "to_install",
    user: "ubuntu",
  };
}

/** A look at a server brings it forward: delivered at the first one, installed or gone when it has settled. */
function look(world: World, id: string): Answer {
  const server = world.store.kind("servers").get(id);
  if (server === undefined) return NOT_FOUND;
  if (server.status === "deleting") {
    if (!world.settled(id)) return ok(server);
    world.store.kind("servers").delete(id);
    return NOT_FOUND;
  }
  if (server.status === "ordered") Object.assign(server, { status: "ready", ips: addressesOf(world, id) });
  const installed = isDocument(server.install) ? server.install : {};
  if (installed.status !== "completed")
    server.install = { ...installed, status: world.settled(id) ? "completed" : "installing" };
  enableOptions(server);
  return ok(server);
}

/** The IPv4 address comes first here; the provider tells them apart by their version. */
function addressesOf(world: World, id: string): Document[] {
  const number = 10 + [...world.store.kind("servers").keys()].indexOf(id);
  const name = { reverse: `${id}.fr-par-2.baremetal.scw.cloud`, reverse_status: "active", reverse_status_message: "" };
  return [
    { id: randomUUID(), address: `192.0.2.${number}`, version: "IPv4", ...name },
    { id: randomUUID(), address: `2001:db8::${number}`, version: "IPv6", ...name },
  ];
}

/** With the option enabled, Scaleway itself adds the tag PrivateNetwork, as all six recordings with that option show. */
function enableOptions(server: Document): void {
  const options = documentsOf(server, "options");
  if (options.every(({ status }) => status === "option_status_enable")) return;
  server.options = options.map((option) => ({ ...option, status: "option_status_enable" }));
  const tags = listOf(server, "tags");
  const isNew = options.some(({ name }) => name === "Private Network") && !tags.includes("PrivateNetwork");
  if (isNew) server.tags = [...tags, "PrivateNetwork"];
}

function change(world: World, id: string, body: Document): Answer {
  const server = world.store.kind("servers").get(id);
  if (server === undefined) return NOT_FOUND;
  Object.assign(server, body, { updated_at: new Date().toISOString() });
  return ok(server);
}

/** That a protected server is kept is documented; the words of the refusal are not recorded. */
function remove(world: World, id: string): Answer {
  const server = world.store.kind("servers").get(id);
  if (server === undefined) return NOT_FOUND;
  if (server.protected === true)
    return {
      status: 412,
      body: { message: "server is protected", type: "precondition_failed", precondition: "resource_still_in_use" },
    };
  server.status = "deleting";
  return ok(server);
}

/** A reinstallation: what was on the disks is lost. Kept as an event, because no play may cause one. */
function install(world: World, id: string, body: Document): Answer {
  const server = world.store.kind("servers").get(id);
  if (server === undefined) return NOT_FOUND;
  world.store.add("reinstallations", { server_id: id });
  server.install = installOf(body);
  return ok(server);
}

function addOption(world: World, id: string, optionId: string): Answer {
  const [server, option] = [world.store.kind("servers").get(id), world.store.kind("options").get(optionId)];
  if (server === undefined || option === undefined) return NOT_FOUND;
  const others = documentsOf(server, "options").filter((each) => each.id !== optionId);
  server.options = [...others, { ...option, expires_at: null, status: "option_status_enabling" }];
  return ok(server);
}
