// The five IPAM actions where one case is not enough: several runs, an account that changes meanwhile, an API in trouble.
// What one action answers in one state of the account is in fixtures/ipam.
import assert from "node:assert/strict";
import { suite } from "node:test";
import { borrowerTags, ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { readTemplate } from "../documents.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import type { InProcessRig } from "../in-process/rig.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";
import { idOf, idsOf, MAC, newRange, onFrontEnd, UNKNOWN_ID } from "./front-end.ts";

const LEASING = ["get_address", "allocate_address"] as const;
const OURS = ownershipTags("one", "created", "55555555-5555-4555-8555-555555555555");
const ANOTHER_CLOUDS = ownershipTags("two", "created", "55555555-5555-4555-8555-555555555555");

const TROUBLES: readonly (readonly [how: string, disturb: (rig: InProcessRig) => void])[] = [
  ["is silent", (rig) => rig.simulator.account.behave({ api: "silent" })],
  ["fails", (rig) => rig.simulator.account.behave({ api: "unavailable" })],
  ["cuts connections", (rig) => rig.simulator.account.behave({ api: "cut" })],
  ["refuses the token", (rig) => rig.simulator.account.deny()],
];

suite("register_address_range", () => {
  onFrontEnd("answers with the intent that it wrote into the tags", async (frontEnd) => {
    const range = await frontEnd.register();
    const { tags, project_id } = frontEnd.owned(idOf(range), "created");
    assert.ok(tags.includes(`scw-flexip:intent=${range.SCW_FLEXIP_INTENT}`));
    assert.equal(project_id, PROJECT);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("adopts a flexible IP once, also by an id in capitals, and keeps what is not ours", async (frontEnd) => {
    const { id } = frontEnd.account.add({ projectId: PROJECT, mac: MAC, description: "shop", tags: ["team=web"] });
    const fields = { SCW_FLEXIBLE_IP_ID: id.toUpperCase() };
    assert.equal((await frontEnd.register(fields)).SCW_FLEXIBLE_IP_ID, id);
    const adopted = frontEnd.owned(id, "adopted");
    assert.ok(adopted.tags.includes("team=web"));
    assert.equal(adopted.description, "shop");
    await frontEnd.fail("register_address_range", newRange(fields), /held by an address range/);
    assert.deepEqual(frontEnd.account.get(id), adopted);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd(
    "adopts a flexible IP that is on another page of the list",
    async (frontEnd) => {
      for (let count = 0; count < 5; count += 1) frontEnd.account.add({ projectId: PROJECT });
      const last = frontEnd.account.add({ projectId: PROJECT, mac: MAC, createdAt: "2025-06-01T00:00:00Z" });
      assert.equal(idOf(await frontEnd.register({ IP: last.ip_address })), last.id);
      assert.equal(frontEnd.account.all().length, 6);
    },
    { maxPageSize: 2 },
  );

  for (const [kind, IP, calls] of [
    ["public", "198.51.100.200", ["list", "create", "mac.generate"]],
    ["private", "10.0.0.1", ["create", "mac.generate"]],
    ["shared", "100.64.0.1", ["create", "mac.generate"]],
  ] as const) {
    onFrontEnd(`replaces a ${kind} placeholder, whatever else was typed beside it`, async (frontEnd, rig) => {
      const range = await frontEnd.register({ IP, MAC: "02:00:00:00:00:01", EXTERNAL_IP: "banana" });
      assert.deepEqual([range.EXTERNAL_IP, range.MAC === "02:00:00:00:00:01"], [range.IP, false]);
      assert.deepEqual(rig.simulator.calls(), calls);
      if (kind !== "public") return;
      assert.match(rig.logs(), new RegExp(`address ${IP} .*: ${range.IP} was created in its place`));
    });
  }

  onFrontEnd("keeps every attribute that the user set, and drops an empty one", async (frontEnd) => {
    const own = {
      DNS: "192.0.2.9 192.0.2.10",
      NOTE: "rack 7, ask Ann & Bob <ops>; 'quoted' = yes # no comment",
      GUEST_MTU: "1450",
    };
    const range = await frontEnd.register({ ...own, EMPTY: "" });
    assert.partialDeepStrictEqual(range, own);
    assert.ok(!("EMPTY" in range));
  });

  onFrontEnd("buys nothing for a shared range, which oned refuses", async (frontEnd) => {
    const document = newRange({ SHARED: "YES" });
    await frontEnd.fail("register_address_range", document, /SHARED=YES/, /remove SHARED/);
    assert.deepEqual(frontEnd.writes, []);
  });

  onFrontEnd("takes IP4 when no TYPE is given", async (frontEnd) => {
    assert.equal((await frontEnd.register({ TYPE: undefined, SIZE: " 1 " })).TYPE, "IP4");
  });

  for (const [how, fields, ip6] of [
    ["address, and keeps the guest's", { IP6: "2001:DB8:702:99::7" }, "2001:db8:702:99::7"],
    ["id", { SCW_FLEXIBLE_IP6_ID: "66666666-6666-4666-8666-666666666666" }, "2001:db8:702:99::1"],
  ] as const) {
    onFrontEnd(`adopts both addresses of a dual-stack range, the IPv6 one by its ${how}`, async (frontEnd) => {
      const { id, ip_address: IP } = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
      const id6 = "66666666-6666-4666-8666-666666666666";
      frontEnd.account.add({ id: id6, projectId: PROJECT, ip: "2001:db8:702:99::/64" });
      const range = await frontEnd.register({ TYPE: "IP4_6_STATIC", IP, ...fields });
      assert.deepEqual([idsOf(range), range.IP6], [[id, id6], ip6]);
      for (const adopted of [id, id6]) frontEnd.owned(adopted, "adopted");
    });
  }

  for (const wait of ["3600", "99999999999"]) {
    onFrontEnd(`fails with the API's reason when it asks to wait for ${wait} s`, async (frontEnd, rig) => {
      const headers = { "retry-after": wait };
      rig.simulator.fault({ call: "create", times: 9, do: { kind: "status", status: 503, body: {}, headers } });
      await frontEnd.fail("register_address_range", newRange(), /create a flexible IP: 503/);
      assert.deepEqual(frontEnd.writes, ["create"]);
    });
  }
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

  onFrontEnd(
    "find the flexible IP of a range that has lost its id, or whose id was forged",
    async (frontEnd) => {
      const [range, other] = [await frontEnd.register(), await frontEnd.register()];
      for (const SCW_FLEXIBLE_IP_ID of [undefined, "banana", UNKNOWN_ID, idOf(other)]) {
        for (const action of LEASING) {
          await frontEnd.succeed(action, { ...range, SCW_FLEXIBLE_IP_ID });
          assert.equal(frontEnd.journal.leases[range.IP ?? ""]?.flexibleIpId, idOf(range));
        }
      }
    },
    { maxPageSize: 2 },
  );

  // What else is wrong with a flexible IP is in fixtures/ipam/get_address/refused-*.
  for (const [what, change, ...words] of [
    [
      "is another project's",
      (account: FlexibleIps, id: string) => account.set(id, { projectId: OTHER_PROJECT }),
      /project 2222/,
      /PROJECT_ID/,
    ],
    [
      "may not be read any more",
      (account: FlexibleIps, id: string) => account.set(id, { visible: false }),
      /does not exist .* any more/,
      /remove the address range/,
    ],
    [
      "has another address now",
      (account: FlexibleIps, id: string) => {
        account.remove(id);
        account.add({ id, ip: "198.51.100.77", projectId: PROJECT, mac: MAC, tags: OURS });
      },
      /does not exist .* any more/,
      /remove the address range/,
    ],
  ] as const) {
    onFrontEnd(`refuse a range whose flexible IP ${what}`, async (frontEnd) => {
      const range = await frontEnd.register();
      change(frontEnd.account, idOf(range));
      frontEnd.forget();
      for (const action of LEASING) await frontEnd.fail(action, range, new RegExp(range.IP ?? "none"), ...words);
      assert.deepEqual(frontEnd.writes, []);
      assert.deepEqual(frontEnd.journal.leases, {});
    });
  }

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
        const { stdout, stderr } = await frontEnd.succeed(action, range);
        assert.match(stderr, new RegExp(`^WARN: address ${range.IP} is leased without a look at it`, "m"));
        if (action === "get_address") assert.equal(readTemplate(stdout, "ADDRESS").get("IP"), range.IP);
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
  onFrontEnd("ends the lease with one read, as often as oned asks", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    frontEnd.forget();
    for (let count = 1; count <= 2; count += 1) {
      assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
      assert.deepEqual(frontEnd.journal.leases, {});
    }
    assert.deepEqual(rig.simulator.calls(), ["get", "get"]);
  });

  for (const TYPE of ["IP4", "IP4_6_STATIC"]) {
    onFrontEnd(`leaves a guest its address of a range of TYPE ${TYPE}, and warns`, async (frontEnd, rig) => {
      const range = await frontEnd.lease({ TYPE });
      frontEnd.attach(range);
      const { serverId } = rig.host("alpha");
      frontEnd.forget();
      const { stderr } = await frontEnd.succeed("free_address", range);
      assert.match(
        stderr,
        new RegExp(`WARN: freed, but flexible IP ${range.IP} .* is attached to server ${serverId}: `),
      );
      assert.deepEqual(frontEnd.writes, []);
      for (const id of idsOf(range)) assert.equal(frontEnd.account.get(id)?.server_id, serverId);
      assert.deepEqual(frontEnd.journal.leases, {});
    });
  }

  for (const [how, change] of [
    ["is gone", (account: FlexibleIps, id: string) => account.remove(id)],
    ["is locked", (account: FlexibleIps, id: string) => account.set(id, { status: "locked" })],
    ["became nobody's", (account: FlexibleIps, id: string) => account.set(id, { tags: ["team=web"] })],
    ["became another cloud's", (account: FlexibleIps, id: string) => account.set(id, { tags: [...ANOTHER_CLOUDS] })],
  ] as const) {
    onFrontEnd(`succeeds and changes nothing when the flexible IP ${how}`, async (frontEnd) => {
      const range = await frontEnd.lease();
      frontEnd.attach(range);
      change(frontEnd.account, idOf(range));
      frontEnd.forget();
      for (let count = 1; count <= 2; count += 1) {
        assert.doesNotMatch((await frontEnd.succeed("free_address", range)).stderr, /WARN/);
      }
      assert.deepEqual(frontEnd.writes, []);
      assert.deepEqual(frontEnd.journal.leases, {});
    });
  }

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
      // As an alias it gave its own virtual MAC up, so that only the intent tells whose it is.
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
  for (const TYPE of ["IP4", "IP4_6_STATIC"]) {
    onFrontEnd(`deletes what was created for a range of TYPE ${TYPE}, attached or not, twice`, async (frontEnd) => {
      const [free, attached] = [await frontEnd.lease({ TYPE }), await frontEnd.lease({ TYPE })];
      frontEnd.attach(attached);
      for (const range of [free, attached, free, attached]) await frontEnd.succeed("unregister_address_range", range);
      assert.deepEqual(frontEnd.account.all(), []);
      assert.deepEqual([frontEnd.journal.intents, frontEnd.journal.leases], [{}, {}]);
    });
  }

  onFrontEnd("gives back what was adopted, with everything that is not ours, twice", async (frontEnd, rig) => {
    const { serverId } = rig.host("alpha");
    const tags = ["team=web", "scw-flexiple", "x:scw-flexip"];
    const before = frontEnd.account.add({ projectId: PROJECT, mac: MAC, tags, description: "shop", serverId });
    const range = await frontEnd.register({ IP: before.ip_address });
    for (let count = 1; count <= 2; count += 1) {
      await frontEnd.succeed("unregister_address_range", range);
      const after = frontEnd.account.get(before.id);
      assert.deepEqual({ ...after, updated_at: "", mac_address: "" }, { ...before, updated_at: "", mac_address: "" });
      assert.equal(after?.mac_address?.id, before.mac_address?.id);
    }
  });

  onFrontEnd("waits for an attach under way, and deletes", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    const { ip_address: ip, tags } = frontEnd.owned(idOf(range), "created");
    frontEnd.account.remove(idOf(range));
    const { serverId } = rig.host("alpha");
    frontEnd.account.add({ id: idOf(range), ip, projectId: PROJECT, tags, status: "updating", serverId });
    await frontEnd.succeed("unregister_address_range", range);
    await rig.settled();
    assert.deepEqual(frontEnd.account.all(), []);
  });

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

  onFrontEnd("deletes the range's own address only, when the id was forged", async (frontEnd) => {
    const [range, other] = [await frontEnd.lease(), await frontEnd.lease({ TYPE: "IP4_6_STATIC" })];
    for (const id of idsOf(other)) {
      const forged = { ...range, SCW_FLEXIBLE_IP_ID: id, SCW_FLEXIBLE_IP6_ID: id };
      await frontEnd.succeed("unregister_address_range", forged);
      assert.equal(frontEnd.account.get(idOf(range)), undefined);
      for (const kept of idsOf(other)) frontEnd.owned(kept, "created");
    }
  });

  onFrontEnd("fails while the flexible IP is locked, and succeeds later", async (frontEnd) => {
    const range = await frontEnd.lease();
    frontEnd.account.set(idOf(range), { status: "locked" });
    await frontEnd.fail("unregister_address_range", range, /delete flexible IP/, /locked/, /request/);
    frontEnd.account.set(idOf(range), { status: "ready" });
    await frontEnd.succeed("unregister_address_range", range);
    frontEnd.expectOnly();
  });
});
