// Many guests at once on one host: attaches on one server wait for each other.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "../../rig.ts";
import { scenes } from "../stage.ts";
import { Vm } from "../vm.ts";

const COUNT = 16;
// Recorded delays and the default HOOK_TIMEOUT, both this much shorter.
const SCALE = 0.1;

scenes("many guests at once", { settle: { recorded: SCALE }, settings: { HOOK_TIMEOUT: hookTimeout() } }, (cloud) => {
  test(`${COUNT} guests that start together on one host all run, with their addresses, and end together`, async () => {
    const range = ["AR", { TYPE: "IP4", IPAM_MAD: "scw-flexip", SIZE: "1" }] as const;
    const network = await cloud().addNetwork(
      "many",
      Array.from({ length: COUNT }, () => range),
    );
    const said = await cloud().oned.run(
      "onevm",
      "create",
      "--hold",
      "--multiple",
      String(COUNT),
      cloud().vmFile([network]),
    );
    const vms = [...said.matchAll(/ID: (\d+)/g)].map(([, id]) => new Vm(cloud(), Number(id)));
    assert.equal(vms.length, COUNT);
    const all = vms.map(({ id }) => id).join(",");
    await cloud().oned.run("onevm", "deploy", all, "h1");
    for (const vm of vms) await vm.until("running");
    const addresses = Object.keys(await cloud().leases(network));
    assert.deepEqual(
      addresses.map((address) => cloud().whereIs(address)),
      addresses.map(() => "h1"),
    );
    assert.equal(cloud().host("h1").guests().length, COUNT);
    await cloud().oned.run("onevm", "terminate", "--hard", all);
    for (const vm of vms) await vm.until("done");
    for (const address of addresses) await cloud().untilAt(address, "free");
  });
});

/** The default of the settings file, scaled. */
function hookTimeout(): string {
  const conf = readFileSync(join(REPOSITORY, "remotes/etc/ipam/scw-flexip/scw-flexip.conf"), "utf8");
  const seconds = /^#?HOOK_TIMEOUT="(\d+)"/m.exec(conf)?.[1];
  if (seconds === undefined) throw new Error("the settings file names no HOOK_TIMEOUT");
  return String(Math.ceil(Number(seconds) * SCALE));
}
