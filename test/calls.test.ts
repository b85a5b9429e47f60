// What an action costs in API calls when nothing goes wrong, also in a project with thousands of flexible IPs.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Hook } from "../driver/actions.ts";
import { handWrittenNic, nic, onStage, Stage } from "./bridge/stage.ts";
import { vmDocument } from "./documents.ts";
import type { CallName } from "./fakes/flexible-ip-server.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { documentFor } from "./ipam/front-end.ts";
import type { RunResult } from "./rig.ts";

suite("with 5,000 other flexible IPs in the project", async () => {
  const stage = new Stage(await InProcessRig.start());
  after(() => stage.rig.stop());
  addCrowd(stage, 5_000);

  for (const [action, what, host, calls] of [
    ["register_address_range", "of a new range", undefined, ["create", "mac.generate"]],
    ["get_address", "of a free address", undefined, ["get"]],
    ["allocate_address", "of a free address", undefined, ["get"]],
    ["free_address", "of a detached address", undefined, ["get"]],
    ["free_address", "of an attached address", "h1", ["get"]],
    ["unregister_address_range", "of a detached address", undefined, ["get", "delete"]],
    ["pre", "on an attached address", "h1", ["get"]],
    ["post", "on an attached address", "h1", ["get"]],
    ["clean", "on an attached address", "h1", ["get", "detach"]],
  ] as const) {
    test(`${action} ${what}: ${calls.join(", ")}`, async () => {
      const address = stage.range({ serverId: host === undefined ? null : stage.server(host) });
      const range = { TYPE: "IP4", SIZE: "1", IP: address.ip, MAC: address.mac, SCW_FLEXIBLE_IP_ID: address.id };
      const run = (): Promise<RunResult> => {
        if (action === "pre" || action === "post" || action === "clean") {
          return stage.rig.hook("h1", action, vmDocument([nic("0", address)]));
        }
        return stage.rig.ipam(action, documentFor(action, action === "register_address_range" ? {} : range));
      };
      assert.deepEqual(await callsOf(stage, run), calls);
    });
  }

  test("pre that attaches: get, attach, then only reads until it is attached", async () => {
    const address = stage.range();
    const calls = await callsOf(stage, () => stage.rig.hook("h1", "pre", vmDocument([nic("0", address)])));
    assert.deepEqual([...calls.slice(0, 2), ...new Set(calls.slice(2))], ["get", "attach", "get"]);
    await stage.expect([address, "h1"]);
  });
});

suite("hand-written ranges, whose NICs name no flexible IP", () => {
  onStage("are found in one reading of the pages, made twice", { maxPageSize: 7 }, async (stage) => {
      addCrowd(stage, 60);
      const vm = handWrittenVm(stage, 3);
      // Twice, because a change may have shifted them.
      const pages = 2 * Math.ceil(63 / 7);
      assert.deepEqual(await countsOf(stage, "pre", vm), { list: pages, attach: 3 });
      assert.deepEqual(await countsOf(stage, "post", vm), { list: pages });
      // One more each for what else is on the server: an untagged flexible IP does not tell whether an alias has its MAC.
      assert.deepEqual(await countsOf(stage, "clean", vm), { list: pages + 3, detach: 3 });
    });

  onStage("the flexible IPs of other projects cost nothing", { maxPageSize: 7 }, async (stage) => {
      for (let count = 0; count < 60; count += 1) stage.account.add();
      assert.deepEqual(await countsOf(stage, "pre", handWrittenVm(stage, 1)), { list: 1, attach: 1 });
    });
});

/** What one run calls, which must succeed; no call is refused. */
async function callsOf(stage: Stage, run: () => Promise<RunResult>): Promise<CallName[]> {
  const { simulator } = stage.rig;
  simulator.clearRequests();
  const { code, stderr } = await run();
  assert.equal(code, 0, stderr);
  await stage.rig.settled();
  for (const { call, status } of simulator.requests) assert.ok(status === 200 || status === 204, `${call}: ${status}`);
  return simulator.calls();
}

/** How often a hook made each call, the reads that wait for an attach left out. */
async function countsOf(stage: Stage, hook: Hook, vm: string): Promise<Partial<Record<CallName, number>>> {
  const calls = await callsOf(stage, () => stage.rig.hook("h1", hook, vm));
  const counts = Map.groupBy(
    calls.filter((call) => call !== "get"),
    (call) => call,
  );
  return Object.fromEntries(Array.from(counts, ([call, made]) => [call, made.length]));
}

/** A VM whose NICs name IP and MAC alone, of flexible IPs without our tags that are on the last page. */
function handWrittenVm(stage: Stage, count: number): string {
  const nics = Array.from({ length: count }, (_, index) => {
    return handWrittenNic(String(index), stage.add({ createdAt: `2026-03-04T05:06:0${index}Z` }));
  });
  return vmDocument(nics);
}

function addCrowd(stage: Stage, count: number): void {
  for (let index = 0; index < count; index += 1) stage.add({ tags: ["somebody-else"], mac: null });
}
