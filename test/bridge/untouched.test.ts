// A VM that has nothing to do with Scaleway never notices the driver, whatever the host lacks.

import assert from "node:assert/strict";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "node:test";
import { HOOKS } from "../../driver/actions.ts";
import { type NicFields, vmDocument } from "../documents.ts";
import { BESIDE, nic, onStage } from "./stage.ts";

// A public address that the data centre routes to this host by itself, with a MAC as virtual MACs are.
const ROUTED: NicFields = { NIC_ID: "0", VN_MAD: "bridge", IP: "198.51.100.77", MAC: "52:54:00:33:64:4d" };
const PRIVATE: NicFields = { NIC_ID: "1", IP: "10.1.2.1", MAC: "02:00:0a:01:02:01" };

suite("a VM without a flexible IP", BESIDE, () => {
  for (const [lack, take] of [
    ["no server id", (home: string) => rmSync(join(home, "server-id"))],
    ["a token file that others can read", (home: string) => chmodSync(join(home, "token"), 0o644)],
    ["no settings", (home: string) => rmSync(join(home, "remotes/etc"), { recursive: true })],
    [
      "a wrong setting",
      (home: string) => writeFileSync(join(home, "remotes/etc/ipam/scw-flexip/scw-flexip.conf"), "ZONE=1\n"),
    ],
  ] as const) {
    onStage(`is left alone on a host with ${lack}`, async (stage) => {
      const home = join(stage.rig.folder, "h1");
      stage.server("h1");
      take(home);
      for (const hook of HOOKS) {
        const { stdout, stderr } = await stage.succeed("h1", hook, vmDocument([ROUTED, PRIVATE]));
        assert.equal(stdout + stderr, "");
      }
      assert.equal(existsSync(join(home, "log")), false, "no log file");
      assert.deepEqual(stage.rig.simulator.calls(), []);
    });
  }
});

onStage("pre names the flexible IPs that no hook serves, and serves the others", async (stage) => {
  const [own, floating, passed] = [stage.range(), stage.range(), stage.range()];
  const pci = `<PCI><NIC_ID>1</NIC_ID><IP>${passed.ip}</IP><SCW_FLEXIBLE_IP_ID>${passed.id}</SCW_FLEXIBLE_IP_ID></PCI>`;
  const vm = vmDocument([nic("0", own, { VROUTER_IP: floating.ip })], { pci });
  const { stdout } = await stage.succeed("h1", "pre", vm);
  assert.deepEqual(
    stdout.split("\n").map((line) => line.split(" ")[1]),
    [floating.ip, passed.ip, undefined],
  );
  assert.match(stdout, /PCI NICs and floating addresses of virtual routers are not served/);
  await stage.expect([own, "h1"], [floating, "free"], [passed, "free"]);
});
