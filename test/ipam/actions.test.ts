// The five IPAM actions where one case is not enough: several runs, an account that changes meanwhile, an API in trouble.
// What one action answers in one state of the account is in fixtures/ipam.
import assert from "node:assert/strict";
import { suite } from "node:test";
import { borrowerTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { readTemplate } from "../documents.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";
import { idOf, idsOf, MAC, onFrontEnd } from "./front-end.ts";

const LEASING = ["get_address", "allocate_address"] as const;
const SOME_ID = "55555555-5555-4555-8555-555555555555";

suite("register_address_range", () => {
  onFrontEnd("answers with the intent that it wrote into the tags, and adopts nothing twice", async (frontEnd) => {
    const fields = { SCW_FLEXIBLE_IP_ID: frontEnd.account.add({ projectId: PROJECT, mac: MAC }).id };
    const range = await frontEnd.register(fields);
    const adopted = frontEnd.owned(idOf(range), "adopted");
    assert.ok(adopted.tags.includes(`scw-flexip:intent=${range.SCW_FLEXIP_INTENT}`));
    await frontEnd.fail("register_address_range", fields, /held by an address range/);
    assert.deepEqual(frontEnd.account.get(idOf(range)), adopted);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("takes an idle address of this cloud by its id alone", async (frontEnd) => {
    const tags = [...ownershipTags("one", "created", undefined), "scw-flexip:idle"];
    const { id, ip_address: IP } = frontEnd.account.add({ projectId: PROJECT, tags });
    await frontEnd.fail("register_address_range", { IP }, /is held by an address range of cloud one/);
    assert.equal((await frontEnd.register({ SCW_FLEXIBLE_IP_ID: id })).IP, IP);
  });

  onFrontEnd("adopts the IPv6 address of a dual-stack range by its id, and keeps the guest's", async (frontEnd) => {
    const fields = { TYPE: "IP4_6_STATIC", IP6: "2001:DB8:702:99::7", SCW_FLEXIBLE_IP6_ID: SOME_ID };
    frontEnd.account.add({ id: SOME_ID, projectId: PROJECT, ip: "2001:db8:702:99::/64" });
    const range = await frontEnd.register(fields);
    assert.deepEqual([range.SCW_FLEXIBLE_IP6_ID, range.IP6], [SOME_ID, "2001:db8:702:99::7"]);
    frontEnd.owned(SOME_ID, "adopted");
    frontEnd.owned(idOf(range), "created");
  });

  onFrontEnd("logs replaced addresses and guests without resolvers", { zone: "fr-par-9" }, async (frontEnd, rig) => {
      const noResolvers = /get no resolvers: none are known of zone fr-par-9; set DNS/;
      const typed = { IP: "198.51.100.200", MAC: "02:00:00:00:00:01", DNS: "192.0.2.53" };
      const range = await frontEnd.register(typed);
      assert.notEqual(range.MAC, typed.MAC);
      assert.match(rig.logs(), new RegExp(`address ${typed.IP} .*: ${range.IP} was created in its place`));
      await frontEnd.succeed("register_address_range", { DNS: typed.DNS }, { settings: { DNS: "" } });
      assert.doesNotMatch(rig.logs(), noResolvers);
      await frontEnd.succeed("register_address_range", {}, { settings: { DNS: "" } });
      assert.match(rig.logs(), noResolvers);
    });
});

suite("get_address and allocate_address", () => {
  onFrontEnd("read once, note the lease, and answer; as often as oned asks", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    for (const action of [...LEASING, ...LEASING]) {
      rig.simulator.clearRequests();
      const { stdout } = await frontEnd.succeed(action, range);
      if (action === "get_address") assert.deepEqual([...readTemplate(stdout, "ADDRESS")], [["IP", range.IP]]);
      assert.deepEqual(rig.simulator.calls(), ["get"]);
      assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
    }
  });

  onFrontEnd("find the flexible IP of a range that has lost its id, or whose id was forged", async (frontEnd) => {
    const [range, other] = [await frontEnd.register(), await frontEnd.register()];
    for (const SCW_FLEXIBLE_IP_ID of [undefined, SOME_ID, idOf(other)]) {
      await frontEnd.succeed("get_address", { ...range, SCW_FLEXIBLE_IP_ID });
      assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
    }
  });

  // What else is wrong with a flexible IP is in fixtures/ipam/get_address/refused-*.
  onFrontEnd("refuse a range whose flexible IP went to another project", async (frontEnd) => {
    const range = await frontEnd.register();
    frontEnd.account.set(idOf(range), { projectId: OTHER_PROJECT });
    for (const action of LEASING) await frontEnd.fail(action, range, /belongs to project 2222.*; correct PROJECT_ID/);
    assert.deepEqual(frontEnd.journal.leases, {});
  });

  onFrontEnd("do not wait for an attach under way", { settle: "manual" }, async (frontEnd) => {
      const range = await frontEnd.register();
      frontEnd.account.set(idOf(range), { status: "updating" });
      for (const action of LEASING) await frontEnd.succeed(action, range);
    });

  onFrontEnd("lease an address that gave its virtual MAC up only where the range serves aliases", async (frontEnd) => {
    const range = await frontEnd.register({ SCW_FLEXIP_ALIAS: "YES" });
    const { tags } = frontEnd.owned(idOf(range), "created");
    frontEnd.account.set(idOf(range), { mac: null });
    await frontEnd.fail("get_address", range, /has no virtual MAC/);
    frontEnd.account.set(idOf(range), { tags: [...tags, "scw-flexip:mac-borrower"] });
    for (const action of LEASING) {
      await frontEnd.succeed(action, range);
      await frontEnd.fail(action, { ...range, SCW_FLEXIP_ALIAS: "NO" }, /gave up its virtual MAC/);
    }
  });
});

suite("free_address", () => {
  onFrontEnd("ends the lease, and warns where a guest of this cloud may use the address", async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
      assert.deepEqual(frontEnd.journal.leases, {});
      frontEnd.attach(range);
      const warning = `WARN: freed, but flexible IP ${range.IP} .* is attached to server ${rig.host("alpha").serverId}: `;
      assert.match((await frontEnd.succeed("free_address", range)).stderr, new RegExp(warning));
      frontEnd.account.set(idOf(range), { tags: ownershipTags("two", "created", SOME_ID) });
      assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
    });

  onFrontEnd("of a range that outlived its flexible IP leaves what another range has there", async (frontEnd) => {
      const old = await frontEnd.lease();
      frontEnd.account.remove(idOf(old));
      const { id, tags } = frontEnd.owned(idOf(await frontEnd.register()), "created");
      frontEnd.account.remove(id);
      // As an alias it gave its own virtual MAC up, and only the intent tells whose it is.
      const recycled = { id: idOf(old), ip: old.IP ?? "", mac: null, projectId: PROJECT, tags: borrowerTags({ tags }) };
      frontEnd.account.add(recycled);
      await frontEnd.fail("get_address", old, /belongs to another address range/, /remove/);
      frontEnd.attach(old);
      await frontEnd.succeed("free_address", old);
      await frontEnd.succeed("unregister_address_range", old);
      assert.equal(frontEnd.account.get(idOf(old))?.status, "attached");
    });
});

for (const [how, disturb] of [
  ["is silent", (account: FlexibleIps) => account.behave({ api: "silent" })],
  ["fails", (account: FlexibleIps) => account.behave({ api: "unavailable" })],
  ["refuses the token", (account: FlexibleIps) => account.deny()],
] as const) {
  onFrontEnd(`an address is leased with a warning, and freed, when the API ${how}`, async (frontEnd) => {
    const range = await frontEnd.register();
    disturb(frontEnd.account);
    for (const action of LEASING) {
      const { stderr } = await frontEnd.succeed(action, range);
      assert.match(stderr, new RegExp(`^WARN: address ${range.IP} is leased without a look at it`, "m"));
      assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
    }
    await frontEnd.succeed("free_address", range);
    assert.deepEqual(frontEnd.journal.leases, {});
  });
}

suite("unregister_address_range", () => {
  onFrontEnd("ends the lease, and deletes the range's own address only, when the ids were forged", async (frontEnd) => {
    const [range, other] = [await frontEnd.lease(), await frontEnd.lease({ TYPE: "IP4_6_STATIC" })];
    for (const id of idsOf(other)) {
      const forged = { ...range, SCW_FLEXIBLE_IP_ID: id, SCW_FLEXIBLE_IP6_ID: id };
      await frontEnd.succeed("unregister_address_range", forged);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
      assert.deepEqual(Object.keys(frontEnd.journal.leases), [other.IP]);
      for (const kept of idsOf(other)) frontEnd.owned(kept, "created");
    }
  });

  onFrontEnd("waits for a deletion that does not show yet", { settle: { detachMs: 5_000 } }, async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      const edit = (body: unknown): unknown => ({ ...Object(body), status: "attached" });
      rig.simulator.fault({ call: "get", times: 5, do: { kind: "rewrite", edit } });
      await frontEnd.succeed("unregister_address_range", range);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
    });

  onFrontEnd("fails when the flexible IP is attached again meanwhile", { settle: "manual" }, async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      const run = frontEnd.fail("unregister_address_range", range, /was not deleted, its status is attached again/);
      await rig.until(() => frontEnd.account.get(idOf(range))?.status === "detaching");
      frontEnd.attach(range);
      await run;
      frontEnd.owned(idOf(range), "created");
    });
});
