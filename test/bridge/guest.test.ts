// clean detaches only where it is certain that the guest is gone from this server.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { guestHere, isAnotherHost } from "../../driver/bridge/guest.ts";
import { parseVm } from "../../driver/opennebula/vm.ts";
import { vmDocument } from "../documents.ts";
import { folderOf } from "../rig.ts";
import { BESIDE, MARKED, nic, onExecutable, onStage } from "./stage.ts";

const NO_DOMAIN = "error: failed to get domain 'one-42'\nerror: Domain not found: no domain with matching name";
const ELSEWHERE = { host: "192.0.2.77" };
// Another domain than the VM's own is always running.
const only = (domain: string, does: string): string =>
  `case "$*" in *" domstate ${domain}") ${does} ;; *) echo running ;; esac`;

suite("what libvirt says of the guest", BESIDE, () => {
  for (const [answer, does, guest, deployId = "one-42"] of [
    ["that it runs", "echo running; echo", "running"],
    ["that it is paused", "echo paused; echo", "running"],
    ["that it is shut off", "echo shut off; echo", "gone"],
    ["that it crashed", "echo crashed; echo", "gone"],
    ["a state that nobody knows", "echo dreaming", "unknown"],
    ["that there is no such domain", `echo "${NO_DOMAIN}" >&2; exit 1`, "gone"],
    ["that it cannot connect", "echo 'error: failed to connect to the hypervisor' >&2; exit 1", "unknown"],
    ["what it says of the name that oned gives, before a VM has one", "echo shut off", "gone", ""],
    ["nothing, because it is not asked for what is no domain's name", "echo shut off", "unknown", "--help"],
  ] as const) {
    test(`${answer}: the guest is ${guest}`, async (t) => {
      assert.equal(await guestHere(vmNamed(deployId), virsh(folderOf(t), only("one-42", does))), guest);
    });
  }

  test("a host without virsh has no guest", async (t) => {
    assert.equal(await guestHere(vmNamed("one-42"), folderOf(t)), "gone");
  });
});

suite("whether the document's host is certainly another one", BESIDE, () => {
  for (const [which, host, is] of [
    ["an address that no interface here has", "192.0.2.77", true],
    ["a loopback address", "127.0.0.1", false],
    ["this machine's name", hostname(), false],
    ["this machine's name in capitals with a domain", `${hostname().split(".")[0]?.toUpperCase()}.example`, false],
    ["a name that does not resolve", "nowhere.invalid", false],
    ["no host", "", false],
  ] as const) {
    test(`${which}: ${is}`, async () => assert.equal(await isAnotherHost(host), is));
  }
});

suite("clean", BESIDE, () => {
  for (const [answer, does, place, said] of [
    ["says that the guest is gone", "echo shut off", "free", /^$/],
    ["says that the guest runs", "echo running", "h1", /^$/],
    ["says nothing that is known", "echo dreaming", "h1", /libvirt does not say whether it still runs here/],
  ] as const) {
    onStage(`${place === "free" ? "detaches" : "keeps"} the address where libvirt ${answer}`, async (stage) => {
      const { address, vm } = stage.guestOn("h1");
      const env = { PATH: virsh(stage.rig.folder, only("one-42", does)) };
      const { stdout } = await stage.succeed("h1", "clean", vm, { env });
      await stage.expect([address, place]);
      assert.match(stdout, said);
    });
  }

  for (const [whose, name, place] of [
    ["another VM's", "one-43-0", "h1"],
    ["the VM's own", "one-42-0", "free"],
  ] as const) {
    onStage(`${place === "h1" ? "keeps" : "detaches"} an address whose MAC ${whose} tap device has`, async (stage) => {
      const { address, vm } = stage.guestOn("h1");
      stage.rig.interfaces = [{ name, mac: address.mac.replace(/^52/, "fe") }];
      await stage.succeed("h1", "clean", vm);
      await stage.expect([address, place]);
    });
  }

  onStage("detaches the NIC that is marked, whatever host the document names, though the guest runs", async (stage) => {
    const { address } = stage.guestOn("h1");
    const vm = vmDocument([nic("0", address, MARKED)], ELSEWHERE);
    await stage.succeed("h1", "clean", vm, { env: { PATH: virsh(stage.rig.folder, "echo running") } });
    await stage.expect([address, "free"]);
  });

  onStage("leaves all addresses when a PCI device is detached, without a question to libvirt", async (stage) => {
    const { address } = stage.guestOn("h1");
    const vm = vmDocument([nic("0", address)], { pci: "<PCI><NIC_ID>1</NIC_ID><ATTACH>YES</ATTACH></PCI>" });
    await stage.succeed("h1", "clean", vm, { env: { PATH: virsh(stage.rig.folder, "echo shut off") } });
    await stage.expect([address, "h1"]);
    assert.deepEqual(stage.rig.simulator.calls(), []);
  });

  onExecutable("on the executable keeps an address whose MAC another guest's tap device has", async (stage, t) => {
    const tap = `one-${process.pid}-0`;
    t.after(() => spawnSync("ip", ["link", "del", tap]));
    if (spawnSync("ip", ["tuntap", "add", tap, "mode", "tap"]).status !== 0) return t.skip("no tap device to be had");
    const { address, vm } = stage.guestOn("h1");
    spawnSync("ip", ["link", "set", tap, "address", address.mac.replace(/^52/, "fe")]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "h1"]);
  });

  onExecutable("on the executable waits 5 s for libvirt, ends virsh, and keeps the address", async (stage) => {
    const { address, vm } = stage.guestOn("h1");
    const path = virsh(stage.rig.folder, 'echo $$ >"$0.pid"; exec sleep 60');
    const { stdout } = await stage.succeed("h1", "clean", vm, { env: { PATH: path } });
    await stage.expect([address, "h1"]);
    assert.match(stdout, /libvirt does not say whether it still runs here/);
    const pid = Number(readFileSync(join(stage.rig.folder, "virsh.pid"), "utf8"));
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
});

function vmNamed(deployId: string): ReturnType<typeof parseVm> {
  return parseVm(Buffer.from(vmDocument([], { deployId })).toString("base64"));
}

/** A PATH on which `virsh` is this shell script, which is put into the folder. */
function virsh(folder: string, script: string): string {
  writeFileSync(join(folder, "virsh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}:/usr/bin:/bin`;
}
