// One life, as an oned 7.0.0 recorded it: every document through the built shim that it was sent to, in order, on one
// account.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { secretsIn } from "./cloud/invariants.ts";
import { placeOf } from "./cloud/place.ts";
import { PASSWORD, readTemplate } from "./documents.ts";
import type { WireFlexibleIp } from "./fakes/flexible-ip-record.ts";
import type { FlexibleIps } from "./fakes/flexible-ips.ts";
import type { FlexibleIpSeed } from "./fakes/seeds.ts";
import { PROJECT, REPOSITORY, Rig, type RunResult } from "./rig.ts";

const FOLDER = join(REPOSITORY, "fixtures/recorded/opennebula-7.0.0");

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
  const recorded = readdirSync(FOLDER).filter((name) => name.endsWith(".xml"));
  assert.deepEqual(LIFE.map(([name]) => `${name}.xml`), recorded.sort());
  const rig = await Rig.start({ maxPageSize: 3 });
  t.after(() => rig.stop());
  const account = rig.simulator.account;
  const addresses = new Addresses(rig);
  for (const [name, machine, places] of LIFE) {
    await t.test(`${name} on ${machine}: ${places}`, async () => {
      const document = read(name);
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
    this.#add("first", read("03-get-address"), ownershipTags("one", "created", "first"));
    this.#add("second", read("08-get-address-second-range"), ownershipTags("one", "created", "second"));
    this.#add("third", read("18-get-address-for-alias"), ownershipTags("one", "adopted", "third"));
    // Its NIC was recorded before any range of ours gave its NICs more than address and MAC.
    const [dual, tags] = [read("37-get-address-dual-stack"), ownershipTags("one", "created", undefined)];
    this.#add("dual", dual, tags);
    this.#add("dual6", `<IP>${field(dual, "IP6").replace(/::1$/, "::/64")}</IP>`, tags);
    // Nothing in the NIC of a hand-written range names the flexible IP, and it is the newest: on the last page.
    const handWritten = read("38-pre-deploy-dual-stack-and-static-range").split("<NIC>")[2] ?? "";
    this.#add("static", handWritten, [], { createdAt: "2026-02-03T04:05:06Z" });
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

  /** The flexible IP that the document speaks of. */
  #add(name: string, document: string, tags: string[], more: FlexibleIpSeed = {}): void {
    const id = /<SCW_FLEXIBLE_IP_ID>/.test(document) ? { id: field(document, "SCW_FLEXIBLE_IP_ID") } : {};
    const mac = /<MAC>/.test(document) ? { mac: field(document, "MAC") } : {};
    const added = this.#account.add({ projectId: PROJECT, ip: field(document, "IP"), tags, ...id, ...mac, ...more });
    this.#parts.push({ name, id: added.id, mac: mac.mac ?? "", isTagged: tags.length > 0 });
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

/** Plays a document, whose name says behind its number what oned or the network driver ran. */
function run(rig: Rig, name: string, machine: string, document: string): Promise<RunResult> {
  const hook = HOOKS.find((one) => verbOf(name) === one);
  if (hook !== undefined) return rig.hook(machine, hook, document);
  const action = IPAM_ACTIONS.find((one) => one.startsWith(`${verbOf(name)}_`));
  assert.ok(action, name);
  return rig.ipam(action, document);
}

/** What oned reads on standard output. Returns the ids of flexible IPs that the document had made. */
function checkAnswer(name: string, document: string, { stdout }: RunResult, account: FlexibleIps): string[] {
  if (verbOf(name) === "get") {
    assert.deepEqual([...readTemplate(stdout, "ADDRESS")], [["IP", field(document, "IP")]]);
  } else if (verbOf(name) !== "register") assert.equal(stdout, "");
  if (verbOf(name) !== "register") return [];
  const answer = readTemplate(stdout, "AR");
  const ids = ["SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID"].flatMap((key) => answer.get(key) ?? []);
  const [made, made6] = ids.map((id) => account.get(id));
  assert.deepEqual([answer.get("IP"), answer.get("MAC")], [made?.ip_address, made?.mac_address?.mac_address]);
  assert.equal(answer.get("IP6")?.replace(/::1$/, "::/64"), made6?.ip_address);
  assert.equal(field(document, "TYPE") === "IP4", made6 === undefined);
  for (const key of ["IP", "MAC"]) {
    const placeholder = `<${key}><![CDATA[${answer.get(key)}]]>`;
    assert.ok(!document.includes(placeholder), "the placeholder is replaced");
  }
  return ids;
}

function verbOf(name: string): string {
  return name.split("-")[1] ?? "";
}

/** The document, recorded before ranges had to ask for aliases, as it is where the ranges of its aliases do. */
function read(name: string): string {
  const document = readFileSync(join(FOLDER, `${name}.xml`), "utf8");
  return document.replaceAll("<NIC_ALIAS>", "<NIC_ALIAS><SCW_FLEXIP_ALIAS>YES</SCW_FLEXIP_ALIAS>");
}

/** The text of the first element of that name. */
function field(document: string, name: string): string {
  const text = new RegExp(`<${name}>(?:<!\\[CDATA\\[)?([^<\\]]+)`).exec(document)?.[1];
  assert.ok(text, `the document has ${name}`);
  return text;
}
