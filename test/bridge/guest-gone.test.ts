// clean detaches only where it is certain that the guest is gone from this server.

import assert from "node:assert/strict";
import { hostname } from "node:os";
import { suite, test } from "node:test";
import { vmDocument } from "../documents.ts";
import { BESIDE, nic, runningOnH1, Stage } from "./stage.ts";

suite("clean asks libvirt whether the guest still runs", BESIDE, () => {
  for (const [answer, script, place] of [
    ["running", "echo running; echo", "h1"],
    ["paused", "echo paused; echo", "h1"],
    ["shut off", "echo shut off; echo", "free"],
    ["crashed", "echo crashed; echo", "free"],
    ["a state that nobody knows", "echo dreaming", "h1"],
    [
      "no such domain",
      "echo \"error: failed to get domain 'one-42'\" >&2; echo 'error: Domain not found: no domain with matching name' >&2; exit 1",
      "free",
    ],
    ["that it cannot connect", "echo 'error: failed to connect to the hypervisor' >&2; exit 1", "h1"],
    ["no answer in 5 s", 'echo $$ >"$0.pid"; exec sleep 60', "h1"],
  ] as const) {
    test(`${answer}: the address ${place === "free" ? "is detached" : "stays"}`, async (t) => {
      const { stage, address, vm } = await runningOnH1(t);
      // Another domain than the VM's own is always running.
      const ask = `case "$*" in *" domstate one-42") ${script} ;; *) echo running ;; esac`;
      const { stdout } = await stage.succeed("h1", "clean", vm, { env: stage.virsh(ask) });
      await stage.expect([address, place]);
      const isDoubtful = place === "h1" && !["running", "paused"].includes(answer);
      assert.equal(/libvirt does not say whether it still runs here/.test(stdout), isDoubtful, stdout);
      if (script.includes("sleep")) assert.throws(() => process.kill(stage.virshPid(), 0), { code: "ESRCH" });
    });
  }

  test("by the name that oned gives, when the VM failed before it had one", async (t) => {
    const { stage, address } = await runningOnH1(t);
    const vm = vmDocument([nic("0", address)], { deployId: "" });
    const ask = 'case "$*" in *" domstate one-42") echo running ;; *) echo shut off ;; esac';
    await stage.succeed("h1", "clean", vm, { env: stage.virsh(ask) });
    await stage.expect([address, "h1"]);
  });
});

suite("clean and what comes or goes while the guest runs", BESIDE, () => {
  test("a PCI device that is detached leaves all addresses, though libvirt does not answer", async (t) => {
    const { stage, address } = await runningOnH1(t);
    const vm = vmDocument([nic("0", address)], { pci: "<PCI><NIC_ID>1</NIC_ID><ATTACH>YES</ATTACH></PCI>" });
    await stage.succeed("h1", "clean", vm, { env: stage.virsh("exit 1") });
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "h1"]);
    assert.deepEqual(stage.rig.simulator.calls(), []);
  });
});

suite("clean on the source of a live migration", BESIDE, () => {
  for (const [which, host, place] of [
    ["an address that no interface here has", "192.0.2.77", "h1"],
    ["a loopback address", "127.0.0.1", "free"],
    ["this machine's name", hostname(), "free"],
    ["this machine's name in capitals with a domain", `${hostname().split(".")[0]?.toUpperCase()}.example`, "free"],
    ["a name that does not resolve", "nowhere.invalid", "free"],
    ["no host", undefined, "free"],
  ] as const) {
    const does = place === "free" ? "detaches" : "leaves the address to post there, without a call";
    test(`the document's host is ${which}: ${does}`, async (t) => {
      const { stage, address } = await runningOnH1(t);
      const options = host === undefined ? {} : { host };
      await stage.succeed("h1", "clean", vmDocument([nic("0", address)], options));
      await stage.expect([address, place]);
      if (place === "h1") assert.deepEqual(stage.rig.simulator.calls(), []);
    });
  }

  test("a NIC that is detached goes, whatever host the document names", async (t) => {
    const { stage, address } = await runningOnH1(t);
    await stage.succeed("h1", "clean", vmDocument([nic("0", address, { ATTACH: "YES" })], { host: "192.0.2.77" }));
    await stage.expect([address, "free"]);
  });

  for (const [directAttach, calls] of [
    ["moves", ["attach"]],
    ["refused", ["attach", "detach", "attach"]],
    ["ignored", ["attach", "detach", "attach"]],
  ] as const) {
    test(`the whole migration costs ${calls.length} changes where a direct attach is ${directAttach}`, async (t) => {
      const stage = await Stage.start(t, { directAttach });
      const address = stage.range({ serverId: stage.server("h1") });
      const vm = vmDocument([nic("0", address)], { host: "192.0.2.77" });
      await stage.succeed("h2", "pre", vm);
      await stage.succeed("h1", "clean", vm);
      assert.deepEqual(stage.writes(), []);
      await stage.succeed("h2", "post", vm);
      await stage.expect([address, "h2"]);
      assert.deepEqual(stage.writes(), calls);
    });
  }
});
