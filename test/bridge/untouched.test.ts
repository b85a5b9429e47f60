// A VM that has nothing to do with Scaleway never notices the driver, whatever the host lacks; clean fails for nothing.

import assert from "node:assert/strict";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "node:test";
import { type NicFields, vmDocument } from "../documents.ts";
import { BESIDE, HOOKS, nic, onStage, privateNic, UNREACHABLE } from "./stage.ts";

// A public address that the data centre routes to this host by itself.
const ROUTED: NicFields = { NIC_ID: "0", VN_MAD: "bridge", IP: "198.51.100.77", MAC: "02:00:c6:33:64:4d" };

const LACKS: readonly (readonly [string, (home: string) => void])[] = [
  ["no server id", (home) => rmSync(join(home, "server-id"))],
  ["a token file that others can read", (home) => chmodSync(join(home, "token"), 0o644)],
  ["no token file", (home) => rmSync(join(home, "token"))],
  ["a wrong setting", (home) => writeFileSync(join(home, "remotes/etc/ipam/scw-flexip/scw-flexip.conf"), "ZONE=1\n")],
];

suite("a VM without a flexible IP", BESIDE, () => {
  for (const [lack, take] of LACKS) {
    for (const [kind, vmNic] of [
      ["a public address of another kind", ROUTED],
      ["a public address with a MAC as virtual MACs are", { ...ROUTED, MAC: "52:54:00:33:64:4d" }],
      [
        "a public address on a NIC of another driver",
        { ...ROUTED, VN_MAD: "802.1Q", EXTERNAL_IP: ROUTED.IP, MAC: "52:54:00:33:64:4d" },
      ],
    ] as const) {
      onStage(`${kind}, on a host with ${lack}`, async (stage) => {
        const home = join(stage.rig.folder, "h1");
        stage.server("h1");
        take(home);
        for (const hook of HOOKS) {
          const { stdout, stderr } = await stage.succeed("h1", hook, vmDocument([vmNic, privateNic("1")]));
          assert.equal(stdout + stderr, "");
        }
        assert.equal(existsSync(join(home, "log")), false, "no log file");
        assert.deepEqual(stage.rig.simulator.calls(), []);
      });
    }
  }

  onStage("a public address of another kind, while the API is away", async (stage) => {
    for (const hook of HOOKS) await stage.succeed("h1", hook, vmDocument([ROUTED]), { settings: UNREACHABLE });
  });
});

suite("a VM with a flexible IP, on a host that is not set up", BESIDE, () => {
  for (const [lack, take] of LACKS) {
    onStage(`${lack}: pre and post fail with the reason, clean says it and succeeds`, async (stage) => {
      const address = stage.range({ serverId: stage.server("h1") });
      const vm = vmDocument([nic("0", address)]);
      take(join(stage.rig.folder, "h1"));
      const line = await stage.fail("h1", "pre", vm);
      assert.equal((await stage.fail("h1", "post", vm)).replace("post", "pre"), line);
      const { stdout } = await stage.succeed("h1", "clean", vm);
      assert.ok(stdout.includes(line.replace("pre: ", "")), stdout);
      await stage.expect([address, "h1"]);
    });
  }
});

suite("documents of any length and kind", BESIDE, () => {
  onStage("a VM whose owner wrote 800 KiB into it is served", async (stage) => {
    const address = stage.range();
    const vm = vmDocument([nic("0", address)], { userTemplate: `<NOTE><![CDATA[${"x".repeat(800 * 1_024)}]]></NOTE>` });
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h1"]);
    await stage.succeed("h1", "clean", vm);
    await stage.expect([address, "free"]);
  });

  onStage("a VM whose owner wrote 11 MiB of attributes into it is served", async (stage) => {
    const address = stage.range();
    const vm = vmDocument([nic("0", address)], { userTemplate: "<A>b</A>".repeat(1_400_000) });
    await stage.succeed("h1", "pre", vm);
    await stage.expect([address, "h1"]);
  });

  for (const [what, raw] of [
    ["empty", ""],
    ["no base64", "<VM></VM>"],
    ["no XML", Buffer.from("VM").toString("base64")],
    ["cut", Buffer.from("<VM><ID>4").toString("base64")],
    ["longer than 16 MiB", Buffer.alloc(16 * 1_024 * 1_024 + 1, "A")],
  ] as const) {
    onStage(`${what}: pre fails, clean says that nothing is detached and succeeds`, async (stage) => {
      assert.match(await stage.fail("h1", "pre", "", { raw }), /^pre: standard input /);
      const { stdout } = await stage.succeed("h1", "clean", "", { raw });
      assert.match(stdout, /^clean: the VM's addresses stay as they are: standard input .+; .+\n$/);
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
