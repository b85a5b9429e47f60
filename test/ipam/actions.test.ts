// The five IPAM actions where one case is not enough: several runs, an account that changes meanwhile, an API in trouble.
// What one action answers in one state of the account is in fixtures/ipam.
import assert from "node:assert/strict";
import { suite } from "node:test";
import { borrowerTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { readTemplate } from "../documents.ts";
import type { InProcessRig } from "../in-process/rig.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";
import { idOf, idsOf, MAC, onFrontEnd } from "./front-end.ts";

const LEASING = ["get_address", "allocate_address"] as const;
const INTENT = "55555555-5555-4555-8555-555555555555";

const TROUBLES: readonly (readonly [how: string, disturb: (rig: InProcessRig) => void])[] = [
  ["is silent", (rig) => rig.simulator.account.behave({ api: "silent" })],
  ["fails", (rig) => rig.simulator.account.behave({ api: "unavailable" })],
  ["refuses the token", (rig) => rig.simulator.account.deny()],
];

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

  for (const [how, fields, ip6] of [
    ["address, and keeps the guest's", { IP6: "2001:DB8:702:99::7" }, "2001:db8:702:99::7"],
    ["id", { SCW_FLEXIBLE_IP6_ID: INTENT }, "2001:db8:702:99::1"],
  ] as const) {
    onFrontEnd(`adopts both addresses of a dual-stack range, the IPv6 one by its ${how}`, async (frontEnd) => {
      const { id, ip_address: IP } = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
      frontEnd.account.add({ id: INTENT, projectId: PROJECT, ip: "2001:db8:702:99::/64" });
      const range = await frontEnd.register({ TYPE: "IP4_6_STATIC", IP, ...fields });
      assert.deepEqual([idsOf(range), range.IP6], [[id, INTENT], ip6]);
      for (const adopted of [id, INTENT]) frontEnd.owned(adopted, "adopted");
    });
  }

  onFrontEnd(
    "logs which address it replaced, and which guests get no resolvers",
    async (frontEnd, rig) => {
      const noResolvers = /get no resolvers: none are known of zone fr-par-9; set DNS/;
      const typed = { IP: "198.51.100.200", MAC: "02:00:00:00:00:01", DNS: "192.0.2.53" };
      const range = await frontEnd.register(typed);
      assert.notEqual(range.MAC, typed.MAC);
      assert.match(rig.logs(), new RegExp(`address ${typed.IP} .*: ${range.IP} was created in its place`));
      await frontEnd.succeed("register_address_range", { DNS: typed.DNS }, { settings: { DNS: "" } });
      assert.doesNotMatch(rig.logs(), noResolvers);
      await frontEnd.succeed("register_address_range", {}, { settings: { DNS: "" } });
      assert.match(rig.logs(), noResolvers);
    },
    { zone: "fr-par-9" },
  );
});

suite("get_address and allocate_address", () => {
  onFrontEnd("read once, note the lease, and answer; as often as oned asks", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    for (const action of [...LEASING, ...LEASING]) {
      frontEnd.forget();
      const { stdout } = await frontEnd.succeed(action, range);
      if (action === "get_address") assert.deepEqual([...readTemplate(stdout, "ADDRESS")], [["IP", range.IP]]);
      assert.deepEqual(rig.simulator.calls(), ["get"]);
      assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
    }
  });

  onFrontEnd("find the flexible IP of a range that has lost its id, or whose id was forged", async (frontEnd) => {
    const [range, other] = [await frontEnd.register(), await frontEnd.register()];
    for (const SCW_FLEXIBLE_IP_ID of [undefined, INTENT, idOf(other)]) {
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

  onFrontEnd(
    "do not wait for an attach under way",
    async (frontEnd) => {
      const range = await frontEnd.register();
      frontEnd.account.set(idOf(range), { status: "updating" });
      for (const action of LEASING) await frontEnd.succeed(action, range);
    },
    { settle: "manual" },
  );

  for (const [how, disturb] of TROUBLES) {
    onFrontEnd(`lease what they cannot look at, with a warning, when the API ${how}`, async (frontEnd, rig) => {
      const range = await frontEnd.register();
      disturb(rig);
      for (const action of LEASING) {
        const { stderr } = await frontEnd.succeed(action, range);
        assert.match(stderr, new RegExp(`^WARN: address ${range.IP} is leased without a look at it`, "m"));
      }
      assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
    });
  }

  onFrontEnd("lease an address without a virtual MAC only where the range serves aliases", async (frontEnd) => {
    const range = await frontEnd.register({ SCW_FLEXIP_ALIAS: "YES" });
    const { tags } = frontEnd.owned(idOf(range), "created");
    frontEnd.account.set(idOf(range), { mac: null, tags: [...tags, "scw-flexip:mac-borrower"] });
    for (const action of LEASING) {
      await frontEnd.succeed(action, range);
      await frontEnd.fail(action, { ...range, SCW_FLEXIP_ALIAS: "NO" }, /gave up its virtual MAC/);
    }
  });
});

suite("free_address", () => {
  onFrontEnd("ends the lease, as often as oned asks", async (frontEnd) => {
    const range = await frontEnd.lease();
    for (let count = 1; count <= 2; count += 1) {
      assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
      assert.deepEqual(frontEnd.journal.leases, {});
    }
  });

  onFrontEnd("leaves a guest its address, and warns", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    frontEnd.attach(range);
    const { serverId } = rig.host("alpha");
    const { stderr } = await frontEnd.succeed("free_address", range);
    assert.match(stderr, new RegExp(`WARN: freed, but flexible IP ${range.IP} .* is attached to server ${serverId}: `));
    assert.deepEqual(frontEnd.journal.leases, {});
  });

  onFrontEnd("says nothing of a flexible IP that became another cloud's", async (frontEnd) => {
    const range = await frontEnd.lease();
    frontEnd.attach(range);
    frontEnd.account.set(idOf(range), { tags: ownershipTags("two", "created", INTENT) });
    assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
  });

  for (const [how, disturb] of TROUBLES) {
    onFrontEnd(`succeeds when the API ${how}`, async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      disturb(rig);
      await frontEnd.succeed("free_address", range);
      assert.deepEqual(frontEnd.journal.leases, {});
    });
  }

  onFrontEnd(
    "of a range that outlived its flexible IP leaves what another range has there by now",
    async (frontEnd) => {
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
    },
  );
});

suite("unregister_address_range", () => {
  onFrontEnd("deletes both addresses of a dual-stack range under a guest, and ends the lease", async (frontEnd) => {
    const range = await frontEnd.lease({ TYPE: "IP4_6_STATIC" });
    frontEnd.attach(range);
    for (let count = 1; count <= 2; count += 1) await frontEnd.succeed("unregister_address_range", range);
    frontEnd.expectOnly();
    assert.deepEqual(frontEnd.journal.leases, {});
  });

  onFrontEnd("deletes the range's own address only, when the ids were forged", async (frontEnd) => {
    const [range, other] = [await frontEnd.lease(), await frontEnd.lease({ TYPE: "IP4_6_STATIC" })];
    for (const id of idsOf(other)) {
      const forged = { ...range, SCW_FLEXIBLE_IP_ID: id, SCW_FLEXIBLE_IP6_ID: id };
      await frontEnd.succeed("unregister_address_range", forged);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
      for (const kept of idsOf(other)) frontEnd.owned(kept, "created");
    }
  });

  onFrontEnd(
    "waits for a deletion that does not show yet",
    async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      const edit = (body: unknown): unknown => ({ ...Object(body), status: "attached" });
      rig.simulator.fault({ call: "get", times: 5, do: { kind: "rewrite", edit } });
      await frontEnd.succeed("unregister_address_range", range);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
    },
    { settle: { detachMs: 5_000 } },
  );

  onFrontEnd(
    "fails when the deletion of an attached flexible IP does not come to its end",
    async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      const run = frontEnd.fail("unregister_address_range", range, /was not deleted, its status is attached again/);
      await rig.until(() => frontEnd.account.get(idOf(range))?.status === "detaching");
      frontEnd.attach(range);
      await run;
      frontEnd.owned(idOf(range), "created");
    },
    { settle: "manual" },
  );
});
