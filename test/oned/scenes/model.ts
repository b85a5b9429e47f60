// The plain life of addresses, as one script on a real oned and on our model of it, which the hooks' tests, the histories,
// the faults and the demo play on. Each step must bring the same calls, in the same order, with documents that say the
// same. Afterwards every guest has its addresses on the model, and on both the same VMs hold them, at the same places.
import { after } from "node:test";
import { Both } from "../both.ts";
import { Cloud } from "../cloud.ts";
import { scenesOn } from "../stage.ts";

const PLACEHOLDER = { IP: "192.0.2.99", MAC: "02:00:c0:00:02:63" };
const ALIASES = { SCW_FLEXIP_ALIAS: "YES" };
const DUAL_STACK = { TYPE: "IP4_6_STATIC" };

const SCRIPT: readonly (readonly [title: string, play: (both: Both) => Promise<void>])[] = [
  ["a range is added", (both) => both.addRange("first")],
  ["a range with a placeholder", (both) => both.addRange("second", PLACEHOLDER)],
  ["a third range", (both) => both.addRange("third")],
  ["a dual-stack range", (both) => both.addRange("dual", DUAL_STACK)],
  ["a range for aliases", (both) => both.addRange("aliases", ALIASES)],
  ["an address is held", (both) => both.hold("second")],
  ["the hold is released", (both) => both.release("second")],
  ["a dual-stack address is held", (both) => both.hold("dual")],
  ["that hold is released", (both) => both.release("dual")],
  ["a VM is created", (both) => both.create("web", "first")],
  ["it is deployed", (both) => both.guest("web", (vm) => vm.deploy("h1"))],
  ["its address is released while it uses it", (both) => both.release("first")],
  ["a NIC is attached", (both) => both.attach("web", "second")],
  ["an alias is attached", (both) => both.attach("web", "aliases", "0")],
  ["it is migrated live", (both) => both.guest("web", (vm) => vm.migrate("h2"))],
  ["a live migration fails", (both) => both.guest("web", (vm) => vm.migrateInVain("h1"))],
  ["the alias is detached", (both) => both.guest("web", (vm) => vm.detach("2"))],
  ["the alias is attached again", (both) => both.attach("web", "aliases", "0")],
  ["an alias is refused", (both) => both.attachAliasInVain("web", "third", "0")],
  ["it is powered off", (both) => both.guest("web", (vm) => vm.powerOff())],
  ["it is resumed", (both) => both.guest("web", (vm) => vm.resume())],
  ["the second NIC is detached", (both) => both.guest("web", (vm) => vm.detach("1"))],
  ["a NIC is attached again", (both) => both.attach("web", "third")],
  ["a VM asks for an address", (both) => both.create("mail", "second", true)],
  ["it is deployed", (both) => both.guest("mail", (vm) => vm.deploy("h1"))],
  ["a dual-stack NIC is attached", (both) => both.attach("mail", "dual")],
  ["its host is lost, and it starts on another one", (both) => both.loseHost("mail", "h2")],
  ["a VM with an alias is terminated", (both) => both.guest("web", (vm) => vm.terminate())],
  ["an alias is attached to the other VM", (both) => both.attach("mail", "aliases", "0")],
  ["the NIC is detached that has the alias", (both) => both.guest("mail", (vm) => vm.detach("0"))],
  ["the other VM is terminated", (both) => both.guest("mail", (vm) => vm.terminate())],
  ["a third VM is created", (both) => both.create("late", "third")],
  ["its deployment is refused", (both) => both.deployInVain("late", "h1", "third")],
  ["it is terminated", (both) => both.guest("late", (vm) => vm.terminate())],
  ["a range is removed", (both) => both.removeRange("first")],
  ["the dual-stack range is removed", (both) => both.removeRange("dual")],
];

const scene = scenesOn(() => Cloud.start());
let both: Both | undefined;
after(() => both?.stop());

for (const [index, [title, play]] of SCRIPT.entries()) {
  scene(`step ${index + 1}: ${title}`, async (cloud) => {
    both ??= await Both.start(cloud);
    await play(both);
    await both.areAlike();
  });
}
