// One life, as an oned 7.0.0 recorded it: every document through the built shim that it was sent to, in order, on one
// account.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { secretsIn } from "./cloud/invariants.ts";
import { placeOf } from "./cloud/place.ts";
import { PASSWORD, readTemplate, withAliasesAskedFor } from "./documents.ts";
import type { WireFlexibleIp } from "./fakes/flexible-ip-record.ts";
import type { FlexibleIps } from "./fakes/flexible-ips.ts";
import { type Hook, type IpamAction, PROJECT, REPOSITORY, Rig, type RunResult } from "./rig.ts";

const FOLDER = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0");
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".xml"));

// Document, machine, and where each address is afterwards: first, second, third, dual, dual6, static. `h2/first`: on
// server h2 with the virtual MAC of the first; `free/none`: attached to nothing, without a virtual MAC; `given-back`:
// free, without our tags.
const LIFE = [
  ["01-register-new-address-range", "front-end", "free free free free free/none free"],
  ["02-register-placeholder-ip-and-mac", "front-end", "free free free free free/none free"],
  ["03-get-address", "front-end", "free free free free free/none free"],
  ["04-pre-deploy-private-and-public-nic", "h1", "h1 free free free free/none free"],
  ["05-post-deploy", "h1", "h1 free free free free/none free"],
  ["06-pre-attach-private-nic", "h1", "h1 free free free free/none free"],
  ["07-post-attach-private-nic", "h1", "h1 free free free free/none free"],
  ["08-get-address-second-range", "front-end", "h1 free free free free/none free"],
  ["09-pre-attach-second-public-nic", "h1", "h1 h1 free free free/none free"],
  ["10-post-attach-second-public-nic", "h1", "h1 h1 free free free/none free"],
  ["11-clean-detach-private-nic", "h1", "h1 h1 free free free/none free"],
  ["12-pre-live-migrate-on-destination", "h2", "h1 h1 free free free/none free"],
  ["13-clean-live-migrate-on-source", "h1", "free free free free free/none free"],
  ["14-post-live-migrate-on-destination", "h2", "h2 h2 free free free/none free"],
  ["15-clean-poweroff", "h2", "free free free free free/none free"],
  ["16-pre-resume", "h2", "h2 h2 free free free/none free"],
  ["17-post-resume", "h2", "h2 h2 free free free/none free"],
  ["18-get-address-for-alias", "front-end", "h2 h2 free free free/none free"],
  ["19-pre-attach-alias", "h2", "h2 h2 h2/first free free/none free"],
  ["20-post-attach-alias", "h2", "h2 h2 h2/first free free/none free"],
  ["21-clean-detach-alias", "h2", "h2 h2 free/none free free/none free"],
  ["22-free-address-of-alias", "front-end", "h2 h2 free/none free free/none free"],
  ["23-clean-detach-second-public-nic", "h2", "h2 free free/none free free/none free"],
  ["24-free-address-second-range", "front-end", "h2 free free/none free free/none free"],
  ["25-clean-undeploy", "h2", "free free free/none free free/none free"],
  ["26-pre-deploy-after-undeploy", "h1", "h1 free free/none free free/none free"],
  ["27-post-deploy-after-undeploy", "h1", "h1 free free/none free free/none free"],
  ["28-clean-terminate", "h1", "free free free/none free free/none free"],
  ["29-free-address-after-terminate", "front-end", "free free free/none free free/none free"],
  ["30-allocate-address-on-hold", "front-end", "free free free/none free free/none free"],
  ["31-free-address-on-release", "front-end", "free free free/none free free/none free"],
  ["32-allocate-address-requested-ip", "front-end", "free free free/none free free/none free"],
  ["33-free-address-requested-ip", "front-end", "free free free/none free free/none free"],
  ["34-unregister-address-range", "front-end", "free gone free/none free free/none free"],
  ["35-unregister-when-network-deleted", "front-end", "free gone given-back/none free free/none free"],
  ["36-register-dual-stack", "front-end", "free gone given-back/none free free/none free"],
  ["37-get-address-dual-stack", "front-end", "free gone given-back/none free free/none free"],
  ["38-pre-deploy-dual-stack-and-static-range", "h1", "free gone given-back/none h1 h1/dual h1"],
  ["39-post-deploy-dual-stack-and-static-range", "h1", "free gone given-back/none h1 h1/dual h1"],
] as const;

test("all 39 documents recorded from oned 7.0.0 run through the right built shim", async (t) => {
  const rig = await Rig.start({ maxPageSize: 3 });
  t.after(() => rig.stop());
  const account = rig.simulator.account;
  const addresses = new Addresses(rig);
  const used: string[] = [];
  for (const [name, machine, places] of LIFE) {
    await t.test(`${name} on ${machine}: ${places}`, async () => {
      const document = read(name);
      used.push(`${name}.xml`);
      const before = addresses.bystanders();
      const result = await run(rig, name, machine, document);
      assert.equal(result.code, 0, result.stderr);
      assert.deepEqual(result.plain, []);
      const registered = checkAnswer(name, document, result, account);
      addresses.giveAway(registered);
      await account.settled();
      assert.equal(addresses.places(), places);
      assert.deepEqual(
        addresses.bystanders().filter(({ id }) => !registered.includes(id)),
        before,
        "nothing else is touched",
      );
      const secrets = { "the token": rig.simulator.token, "the guest's password": PASSWORD };
      assert.deepEqual(secretsIn(result.stdout + result.stderr + rig.logs(), secrets), []);
    });
  }
  await t.test("every document of the folder was used", () => {
    assert.deepEqual(used.toSorted(), FILES.toSorted());
    assert.equal(used.length, 39);
  });
});

type Part = { readonly name: string; readonly mac: string; readonly isTagged: boolean; id: string | undefined };

/** The flexible IPs that the recordings name, as they were when the recording began, and others beside them. */
class Addresses {
  readonly #rig: Rig;
  readonly #account: FlexibleIps;
  readonly #parts: Part[] = [];

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#account = rig.simulator.account;
    for (let last = 1; last <= 4; last += 1) {
      this.#account.add({ ip: `198.51.100.${last}`, projectId: PROJECT, tags: ["somebody-else"] });
    }
    this.#range("first", "created", read("03-get-address"));
    this.#range("second", "created", read("08-get-address-second-range"));
    this.#range("third", "adopted", read("18-get-address-for-alias"));
    const dual = read("37-get-address-dual-stack");
    // Its NIC was recorded before any range of ours gave its NICs more than address and MAC.
    this.#range("dual", "created", dual, "");
    this.#add("dual6", { ip: `${field(dual, "IP6").replace(/::1$/, "::")}/64`, tags: tagsOf("created", "") });
    // Nothing in the NIC of a hand-written range names the flexible IP, and it is the newest: on the last page.
    const handWritten = read("38-pre-deploy-dual-stack-and-static-range").split("<NIC>")[2] ?? "";
    const createdAt = "2026-02-03T04:05:06Z";
    this.#add("static", { ip: field(handWritten, "IP"), mac: field(handWritten, "MAC"), tags: [], createdAt });
  }

  /** Where each one is, in the form of the table. */
  places(): string {
    return this.#parts.map((part) => this.#place(part)).join(" ");
  }

  /** The API hands a deleted address out again, id and all: what is registered now is another flexible IP. */
  giveAway(ids: readonly string[]): void {
    for (const part of this.#parts) if (part.id !== undefined && ids.includes(part.id)) part.id = undefined;
  }

  /** All flexible IPs of the account that no document speaks of. */
  bystanders(): WireFlexibleIp[] {
    return this.#account.all().filter(({ id }) => !this.#parts.some((part) => part.id === id));
  }

  #range(name: string, origin: "created" | "adopted", document: string, intent = name): void {
    const id = /<SCW_FLEXIBLE_IP_ID>/.test(document) ? { id: field(document, "SCW_FLEXIBLE_IP_ID") } : {};
    const tags = tagsOf(origin, intent);
    this.#add(name, { ...id, ip: field(document, "IP"), mac: field(document, "MAC"), tags });
  }

  #add(name: string, seed: { id?: string; ip: string; mac?: string; tags: string[]; createdAt?: string }): void {
    const { id } = this.#account.add({ projectId: PROJECT, ...seed });
    this.#parts.push({ name, id, mac: seed.mac ?? "", isTagged: seed.tags.length > 0 });
  }

  #place(part: Part): string {
    const now = part.id === undefined ? undefined : this.#account.get(part.id);
    if (now === undefined) return "gone";
    const isOurs = now.tags.some((tag) => tag.startsWith("scw-flexip"));
    const place = part.isTagged && !isOurs ? "given-back" : placeOf(now, this.#rig.hosts);
    const mac = now.mac_address?.mac_address;
    if (mac === part.mac) return place;
    return `${place}/${mac === undefined ? "none" : this.#parts.find((other) => other.mac === mac)?.name}`;
  }
}

function run(rig: Rig, name: string, machine: "front-end" | "h1" | "h2", document: string): Promise<RunResult> {
  if (machine === "front-end") return rig.ipam(actionOf(name), document);
  return rig.hook(machine, hookOf(name), document);
}

function hookOf(name: string): Hook {
  const hook = (["pre", "post", "clean"] as const).find((candidate) => name.includes(`-${candidate}-`));
  assert.ok(hook, name);
  return hook;
}

function actionOf(name: string): IpamAction {
  if (/^\d\d-register-/.test(name)) return "register_address_range";
  if (/^\d\d-unregister-/.test(name)) return "unregister_address_range";
  const action = (["get", "allocate", "free"] as const).find((verb) => name.includes(`-${verb}-address`));
  assert.ok(action, name);
  return `${action}_address`;
}

/** What oned reads on standard output. Returns the ids of flexible IPs that the document had made. */
function checkAnswer(name: string, document: string, result: RunResult, account: FlexibleIps): string[] {
  if (/^\d\d-register-/.test(name)) return checkRegistered(document, readTemplate(result.stdout, "AR"), account);
  if (name.includes("-get-address")) {
    assert.deepEqual([...readTemplate(result.stdout, "ADDRESS")], [["IP", field(document, "IP")]]);
  } else assert.equal(result.stdout, "");
  return [];
}

function checkRegistered(document: string, answer: ReadonlyMap<string, string>, account: FlexibleIps): string[] {
  const created = account.byAddress(answer.get("IP") ?? "");
  assert.ok(created, "the answered address is a flexible IP");
  assert.equal(created.status, "ready");
  assert.equal(created.project_id, PROJECT);
  assert.equal(answer.get("SCW_FLEXIBLE_IP_ID"), created.id);
  assert.equal(answer.get("MAC"), created.mac_address?.mac_address);
  assert.equal(answer.get("SIZE"), "1");
  if (document.includes("<IP>")) {
    assert.notEqual(answer.get("IP"), field(document, "IP"), "the placeholder is replaced");
    assert.notEqual(answer.get("MAC"), field(document, "MAC"), "the placeholder is replaced");
  }
  if (field(document, "TYPE") === "IP4") return [created.id];
  const created6 = account.byAddress(`${answer.get("IP6")?.replace(/::1$/, "::")}/64`);
  assert.ok(created6, "the answered IPv6 address lies in a flexible IP");
  assert.equal(answer.get("SCW_FLEXIBLE_IP6_ID"), created6.id);
  return [created.id, created6.id];
}

function tagsOf(origin: "created" | "adopted", intent: string): string[] {
  return ownershipTags("one", origin, intent || undefined);
}

function read(name: string): string {
  return withAliasesAskedFor(readFileSync(join(FOLDER, `${name}.xml`), "utf8"));
}

/** The text of the first element of that name. */
function field(document: string, name: string): string {
  const text = new RegExp(`<${name}>(?:<!\\[CDATA\\[)?([^<\\]]+)`).exec(document)?.[1];
  assert.ok(text, `the document has ${name}`);
  return text;
}
