// A registration that does not get to its end: a failure, a lost answer, another run at the same time, a dead process.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { suite } from "node:test";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { deadIntents } from "../../driver/ipam/recover.ts";
import { openLog } from "../../driver/log.ts";
import { realMachine } from "../../driver/session.ts";
import { Journal } from "../../driver/state/journal.ts";
import { PROJECT } from "../rig.ts";
import { idOf, MAC, onFrontEnd } from "./front-end.ts";

const BESIDE = { concurrency: 2 };
const INTENT = "0a11ce00-0000-4000-8000-0000000000c2";

suite("a registration that fails", () => {
  onFrontEnd("deletes all that it created when the virtual MAC is refused for good", async (frontEnd, rig) => {
    const body = { message: "no such type" };
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400, body } });
    const words = [/make a virtual MAC/, /no such type/, /request/];
    await frontEnd.fail("register_address_range", { TYPE: "IP4_6_STATIC" }, ...words);
    frontEnd.expectOnly();
  });

  onFrontEnd("gives back what it adopted when the virtual MAC is refused for good", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: null, tags: ["team=web"] });
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", { IP: one.ip_address }, /make a virtual MAC/);
    assert.deepEqual(frontEnd.account.get(one.id)?.tags, ["team=web"]);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("leaves to the next run what it cannot undo", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    rig.simulator.fault({ call: "mac.generate", do: { kind: "status", status: 400 } });
    rig.simulator.fault({ call: "delete", do: { kind: "status", status: 400 } });
    await frontEnd.fail("register_address_range", {}, /make a virtual MAC/);
    assert.equal(frontEnd.account.all().length, 2);
    assert.equal(Object.keys(frontEnd.journal.intents).length, 1);
    await frontEnd.succeed("get_address", range);
    frontEnd.expectOnly(range);
  });

  onFrontEnd("leaves nothing when its time is up", async (frontEnd, rig) => {
    rig.simulator.fault({ call: "mac.generate", times: 9, do: { kind: "hold", when: "after" } });
    rig.timePassesWhileHeld = true;
    await frontEnd.fail("register_address_range", {}, /not done within/);
    frontEnd.expectOnly();
  });

  onFrontEnd("keeps its intent open while its second creation may still come", async (frontEnd, rig) => {
    const range = await frontEnd.register();
    const held = rig.simulator.fault({ call: "create", skip: 1, do: { kind: "hold", when: "before" } });
    rig.timePassesWhileHeld = true;
    await frontEnd.fail("register_address_range", { TYPE: "IP4_6_STATIC" });
    // This run finds nothing to undo yet.
    await frontEnd.succeed("get_address", range);
    held.release();
    await rig.until(() => frontEnd.account.all().length === 2);
    await frontEnd.succeed("get_address", range);
    assert.deepEqual(
      frontEnd.account.all().map(({ ip_address }) => ip_address),
      [range.IP],
    );
  });

  onFrontEnd("gives way when another cloud writes its tags at the same time", async (frontEnd, rig) => {
    const one = frontEnd.account.add({ projectId: PROJECT, mac: MAC });
    const held = rig.simulator.fault({ call: "update", do: { kind: "hold", when: "after" } });
    const run = frontEnd.fail(
      "register_address_range",
      { IP: one.ip_address },
      /was taken by another range meanwhile; name another one/,
    );
    await held.reached;
    const tags = ownershipTags("two", "adopted", INTENT);
    frontEnd.account.set(one.id, { tags });
    held.release();
    await run;
    assert.deepEqual(frontEnd.account.get(one.id)?.tags, tags);
    assert.deepEqual(frontEnd.journal.intents, {});
  });

  onFrontEnd("blames the token while its grant is known to one call and not to the next", async (frontEnd) => {
    const fields = { SCW_FLEXIBLE_IP_ID: frontEnd.account.add({ projectId: PROJECT }).id };
    frontEnd.account.grantPendingUntil(2);
    await frontEnd.fail("register_address_range", fields, /list the flexible IPs .*403/);
    frontEnd.account.grantPendingUntil(1);
    await frontEnd.register(fields);
  });
});

suite("a registration buys one flexible IP", () => {
  for (const [what, action] of [
    ["when the answer of create is lost", { kind: "reset", when: "after" }],
    ["when the answer of create is cut", { kind: "status", status: 200, body: '{"id": "', when: "after" }],
    ["when the connection is cut before create is acted on", { kind: "reset", when: "before" }],
  ] as const) {
    onFrontEnd(what, async (frontEnd, rig) => {
      const fault = rig.simulator.fault({ call: "create", do: action });
      const range = await frontEnd.register();
      assert.equal(fault.hits, 1);
      frontEnd.owned(idOf(range), "created");
      frontEnd.expectOnly(range);
    });
  }

  onFrontEnd("when a lost creation is acted on after the second one", async (frontEnd, rig) => {
    rig.simulator.fault({ call: "create", do: { kind: "reset", when: "before" } });
    const second = rig.simulator.fault({ call: "create", do: { kind: "hold", when: "before" } });
    const run = frontEnd.register();
    const { tags } = Object((await second.reached).body);
    frontEnd.account.add({ projectId: PROJECT, tags });
    second.release();
    frontEnd.expectOnly(await run);
  });
});

suite("a registration under way", BESIDE, () => {
  onFrontEnd("is left alone by other runs", async (frontEnd, rig) => {
    const range = await frontEnd.lease();
    const held = rig.simulator.fault({ call: "mac.generate", do: { kind: "hold", when: "after" } });
    const run = frontEnd.register();
    await held.reached;
    for (const action of ["get_address", "free_address"] as const) await frontEnd.succeed(action, range);
    held.release();
    frontEnd.expectOnly(range, await run);
  });

  for (const [whose, isDone] of [
    ["is about to adopt", false],
    ["has just adopted", true],
  ] as const) {
    onFrontEnd(`takes no flexible IP that another one ${whose}`, async (frontEnd, rig) => {
      const fields = { IP: frontEnd.account.add({ projectId: PROJECT, mac: MAC }).ip_address };
      // One has found it free, and reads the answer only when the other has noted that it will adopt it.
      const look = rig.simulator.fault({ call: "list", do: { kind: "hold", when: "after" } });
      const words = isDone ? /is held by an address range/ : /is being registered by another run; name another one/;
      const late = frontEnd.fail("register_address_range", fields, words);
      await look.reached;
      const update = rig.simulator.fault({ call: "update", do: { kind: "hold", when: "before" } });
      const other = frontEnd.register(fields);
      await update.reached;
      if (isDone) {
        update.release();
        await other;
      }
      look.release();
      await late;
      update.release();
      frontEnd.owned(idOf(await other), "adopted");
    });
  }

  onFrontEnd("is not undone by a run that saw it under way and finds it done", async (frontEnd, rig) => {
    const held = rig.simulator.fault({ call: "mac.generate", do: { kind: "hold", when: "after" } });
    const run = frontEnd.register();
    await held.reached;
    const { stateFile } = rig.frontEnd;
    const journal = new Journal(stateFile, openLog({ level: "error", file: "/dev/null", context: {} }));
    const gone = { ...realMachine, isRunning: () => false };
    assert.equal(deadIntents({ journal, machine: gone }).length, 1);
    // Its last acts come between the other run's look into the journal and its look at the process.
    const goes = (): false => {
      writeFileSync(stateFile, JSON.stringify({ ...frontEnd.journal, intents: {} }));
      return false;
    };
    assert.deepEqual(deadIntents({ journal, machine: { ...realMachine, isRunning: goes } }), []);
    held.release();
    frontEnd.expectOnly(await run);
  });
});

suite("a registration whose process is gone", BESIDE, () => {
  for (const [what, action, bootId, agoMs, isUndone] of [
    ["is undone by the next registration", "register_address_range", undefined, 0, true],
    ["is undone by the next unregister_address_range", "unregister_address_range", undefined, 0, true],
    ["is left alone while it may run on another front-end", "get_address", "another-machine", 0, false],
    ["is undone once it cannot run there any more", "get_address", "another-machine", 11 * 60_000, true],
  ] as const) {
    onFrontEnd(what, async (frontEnd, rig) => {
      const range = await frontEnd.lease();
      frontEnd.account.add({ projectId: PROJECT, tags: ownershipTags("one", "created", INTENT) });
      const process = { pid: 4_194_304, startTicks: "0", bootId: bootId ?? rig.folder };
      const since = new Date(Date.now() - agoMs).toISOString();
      const intents = { [INTENT]: { since, process, flexibleIpIds: [], wanted: 1 } };
      writeFileSync(rig.frontEnd.stateFile, JSON.stringify({ ...frontEnd.journal, intents }));

      const { stderr } = await frontEnd.succeed(action, action === "register_address_range" ? {} : range);
      assert.equal(/INFO: deleted flexible IP .* its address range was not registered/.test(stderr), isUndone);
      const isThere = frontEnd.account.all().some(({ tags }) => tags.includes(`scw-flexip:intent=${INTENT}`));
      assert.equal(isThere, !isUndone);
      assert.deepEqual(frontEnd.journal.intents, isUndone ? {} : intents);
    });
  }
});
