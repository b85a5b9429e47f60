// What an action costs in API calls when nothing goes wrong, also in a project with thousands of flexible IPs.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { type Fields, ipamDocument, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import type { CallName, SimulatorOptions } from "./fakes/flexible-ip-server.ts";
import type { FlexibleIps } from "./fakes/flexible-ips.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { type Hook, PROJECT, type RunResult } from "./rig.ts";

const MAC = "52:54:00:aa:00:01";

for (const crowd of [0, 5_000]) {
  suite(`calls with ${crowd} other flexible IPs in the project`, () => {
    let rig: InProcessRig;
    before(async () => {
      rig = await InProcessRig.start();
      addCrowd(rig.simulator.account, crowd);
    });
    after(() => rig.stop());

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
      test(`${action} ${what}: ${calls.join(", ")}`, async (t) => {
        const { range, lease, vm } = seedRange(t, rig, host);
        const run = (): Promise<RunResult> => {
          if (action === "pre" || action === "post" || action === "clean") return rig.hook("h1", action, vm);
          if (action === "register_address_range") return rig.ipam(action, ipamDocument({ SIZE: "1" }));
          if (action === "unregister_address_range") return rig.ipam(action, ipamDocument(range));
          return rig.ipam(action, ipamDocument(range, action === "get_address" ? { SIZE: "1" } : lease));
        };
        assert.deepEqual((await act(t, rig, run)).calls, calls);
      });
    }

    test("pre that attaches: get, attach, then only reads until it is attached", async (t) => {
      const { id, vm } = seedRange(t, rig);
      const { calls } = await act(t, rig, () => rig.hook("h1", "pre", vm));
      assert.deepEqual([...calls.slice(0, 2), ...new Set(calls.slice(2))], ["get", "attach", "get"]);
      assert.equal(rig.simulator.account.get(id)?.server_id, rig.host("h1").serverId);
    });

    test("a registered range, through a VM's life: 11 calls, and the reads while waiting", async (t) => {
      const all: CallName[] = [];
      const step = async (run: () => Promise<RunResult>): Promise<string> => {
        const { calls, stdout } = await act(t, rig, run);
        all.push(...calls.slice(0, 2), ...calls.slice(2).filter((call) => call !== "get"));
        return stdout;
      };
      const answer = await step(() => rig.ipam("register_address_range", ipamDocument({ SIZE: "1", TYPE: "IP4" })));
      const range = rangeOf(readTemplate(answer, "AR"));
      const vm = vmDocument([nicOf(range)]);
      await step(() => rig.ipam("get_address", ipamDocument(range, { SIZE: "1" })));
      for (const hook of ["pre", "post", "clean"] as const) await step(() => rig.hook("h1", hook, vm));
      await step(() => rig.ipam("free_address", ipamDocument(range, { IP: range.IP, SIZE: "1" })));
      await step(() => rig.ipam("unregister_address_range", ipamDocument(range)));
      assert.deepEqual(all, [
        ...["create", "mac.generate"],
        "get",
        ...["get", "attach"],
        "get",
        ...["get", "detach"],
        "get",
        ...["get", "delete"],
      ]);
    });

    test("a VM with private NICs alone: none, without settings, token and server id", async (t) => {
      const bare = rig.host("bare");
      for (const file of ["remotes/etc/ipam/scw-flexip/scw-flexip.conf", "token", "server-id"]) {
        rmSync(join(bare.root, "..", file));
      }
      const nics = ["10.1.2.3", "172.16.5.6", "192.168.7.8", "100.64.9.1"].map((ip, index) => {
        return { NIC_ID: String(index), IP: ip, MAC: `02:00:00:00:00:0${index}` };
      });
      for (const hook of ["pre", "post", "clean"] as const) {
        const { calls, stdout, stderr } = await act(t, rig, () => rig.hook("bare", hook, vmDocument(nics)));
        assert.deepEqual([calls, stdout, stderr], [[], "", ""]);
      }
    });
  });
}

suite("a hand-written range, whose NIC names no flexible IP", () => {
  test("is found on the last page; what has several pages is read twice, because a change may have shifted it", async (t) => {
    const rig = await start(t, { maxPageSize: 7 });
    addCrowd(rig.simulator.account, 60);
    const [nic] = addHandWritten(rig, 1);
    const pages = 2 * Math.ceil(61 / 7);
    const vm = vmDocument([nic ?? {}]);
    assert.deepEqual(await callsOf(t, rig, "pre", vm), { list: pages, attach: 1 });
    assert.deepEqual(await callsOf(t, rig, "post", vm), { list: pages });
    // One more for what else is on the server: an untagged flexible IP does not tell whether an alias has its MAC.
    assert.deepEqual(await callsOf(t, rig, "clean", vm), { list: pages + 1, detach: 1 });
  });

  test("several of them cost one reading of the pages", async (t) => {
    const rig = await start(t, { maxPageSize: 7 });
    addCrowd(rig.simulator.account, 60);
    const vm = vmDocument(addHandWritten(rig, 3));
    assert.deepEqual(await callsOf(t, rig, "pre", vm), { list: 2 * Math.ceil(63 / 7), attach: 3 });
  });

  test("pages are as long as the API allows", async (t) => {
    const rig = await start(t);
    addCrowd(rig.simulator.account, 450);
    const vm = vmDocument(addHandWritten(rig, 1));
    assert.deepEqual(await callsOf(t, rig, "pre", vm), { list: 2 * 5, attach: 1 });
    assert.deepEqual(await callsOf(t, rig, "clean", vm), { list: 2 * 5 + 1, detach: 1 });
  });

  test("the flexible IPs of other projects cost nothing", async (t) => {
    const rig = await start(t, { maxPageSize: 7 });
    for (let count = 0; count < 60; count += 1) rig.simulator.account.add();
    const vm = vmDocument(addHandWritten(rig, 1));
    assert.deepEqual(await callsOf(t, rig, "pre", vm), { list: 1, attach: 1 });
  });
});

type Outcome = RunResult & { readonly calls: readonly CallName[] };

/** Runs one action, which must succeed, and returns what it called. */
async function act(t: TestContext, rig: InProcessRig, run: () => Promise<RunResult>): Promise<Outcome> {
  rig.simulator.clearRequests();
  const result = await run();
  assert.equal(result.code, 0, `${t.name}: ${result.stderr}`);
  await rig.settled();
  for (const { call, status } of rig.simulator.requests) {
    assert.ok(status === 200 || status === 204, `no ${call} is refused`);
  }
  return { ...result, calls: rig.simulator.calls() };
}

/** How often a hook made each call, the reads that wait for an attach left out. */
async function callsOf(
  t: TestContext,
  rig: InProcessRig,
  hook: Hook,
  vm: string,
): Promise<Partial<Record<CallName, number>>> {
  const { calls } = await act(t, rig, () => rig.hook("h1", hook, vm));
  const counts = Map.groupBy(
    calls.filter((call) => call !== "get"),
    (call) => call,
  );
  return Object.fromEntries(Array.from(counts, ([call, made]) => [call, made.length]));
}

/** A registered range, free or attached to a host, which goes with the test. */
function seedRange(t: TestContext, rig: InProcessRig, host?: string) {
  const { account } = rig.simulator;
  const { id, ip_address: ip } = account.add({
    projectId: PROJECT,
    mac: MAC,
    tags: ownershipTags("one", "created", "0a11ce00-0000-4000-8000-0000000000c0"),
    serverId: host === undefined ? null : rig.host(host).serverId,
  });
  t.after(() => account.get(id) && account.remove(id));
  const range = { AR_ID: "0", TYPE: "IP4", SIZE: "1", IP: ip, MAC, EXTERNAL_IP: ip, SCW_FLEXIBLE_IP_ID: id };
  return { id, range, lease: { IP: ip, MAC, SIZE: "1" }, vm: vmDocument([nicOf(range)]) };
}

/** NICs of hand-written ranges: IP and MAC alone, of flexible IPs without our tags that are on the last page. */
function addHandWritten(rig: InProcessRig, count: number): Fields[] {
  return Array.from({ length: count }, (_, index) => {
    const mac = `52:54:00:bb:00:0${index}`;
    const createdAt = `2026-03-04T05:06:0${index}Z`;
    const { ip_address: ip } = rig.simulator.account.add({ projectId: PROJECT, mac, createdAt });
    return { NIC_ID: String(index), IP: ip, MAC: mac };
  });
}

function nicOf(range: Fields): Fields {
  const { IP, MAC: mac, EXTERNAL_IP, SCW_FLEXIBLE_IP_ID } = range;
  return { NIC_ID: "0", IP, MAC: mac, EXTERNAL_IP, SCW_FLEXIBLE_IP_ID };
}

function addCrowd(account: FlexibleIps, count: number): void {
  for (let index = 0; index < count; index += 1) account.add({ projectId: PROJECT, tags: ["somebody-else"] });
}

async function start(t: TestContext, options: SimulatorOptions = {}): Promise<InProcessRig> {
  const rig = await InProcessRig.start(options);
  t.after(() => rig.stop());
  return rig;
}
