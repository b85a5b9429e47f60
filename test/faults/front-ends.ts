// What other processes and other front-ends do, or have left in the journal. A registration that a process of this
// machine left is among the crashes.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import type { ProcessIdentity } from "../../driver/machine.ts";
import { thisProcess } from "../../driver/process-identity.ts";
import { PROJECT } from "../rig.ts";
import { findings } from "./findings.ts";
import { type Kind, throughout } from "./kind.ts";
import { isIpam, succeed } from "./path.ts";
import type { Injected } from "./play.ts";
import { CLOUD, type TestCloud } from "./test-cloud.ts";

const INTENT = "0a11ce00-0000-4000-8000-00000000001e";

export const FRONT_END_FAULTS: readonly Kind[] = [
  throughout(
    "creation left by a dead process whose number was given away",
    "written into the journal: a living number, another start",
    (cloud) => withIntent(cloud, { ...thisProcess(), startTicks: "1" }, false),
    { on: isIpam },
  ),
  throughout(
    "creation that another front-end has under way",
    "written into the journal: another boot: two front-ends share the state file",
    (cloud) => withIntent(cloud, { ...thisProcess(), bootId: "0a11ce00-0000-4000-8000-0000000b0075" }, true),
    { on: isIpam },
  ),
  throughout(
    "two front-ends adopt one address at once",
    "separate state files; the first one's change is held, while the second registers",
    adoptedBeside,
    { on: ({ name }) => name === "register, adopted by id" },
  ),
];

/** A flexible IP obtained under an intent of that process, which the next run of any action undoes, or leaves alone. */
function withIntent({ account, rig }: TestCloud, process: ProcessIdentity, isLeft: boolean): Injected {
  const { id } = account.add({ projectId: PROJECT, tags: ownershipTags(CLOUD, "created", INTENT) });
  const { stateFile } = rig.frontEnd;
  const write = (intents: object): void =>
    writeFileSync(stateFile, JSON.stringify({ version: 1, intents, leases: {} }));
  mkdirSync(dirname(stateFile), { recursive: true });
  write({ [INTENT]: { since: new Date().toISOString(), process, flexibleIpIds: [id], wanted: 0 } });
  return {
    problems: () => {
      // The pool may have given the same flexible IP to the registration that follows.
      const isThere = account.get(id)?.tags.some((tag) => tag.includes(INTENT)) === true;
      return isThere === isLeft ? [] : [`what was obtained for the intent is ${isThere ? "there" : "gone"}`];
    },
    // Here the other process ends, and takes back what it has.
    lift: () => {
      if (!isLeft) return;
      account.remove(id);
      write({});
    },
  };
}

// The API has no way to change tags only if nobody else did: a reconcile must see it, and one range must go.
function adoptedBeside(cloud: TestCloud): Injected {
  const { account, pool, rig } = cloud;
  const [id = ""] = cloud.adoptable.keys();
  const fault = rig.simulator.fault({ call: "update", do: { kind: "hold", when: "before" } });
  const other = fault.reached.then(async () => {
    await succeed((how) => cloud.oned(how, rig.host("fe2")).register({ SIZE: "1", SCW_FLEXIBLE_IP_ID: id }));
    fault.remove();
  });
  return {
    lift: async () => {
      await other;
      const found = await findings(cloud);
      if (!found.some(({ kind }) => kind === "recycled")) throw new Error("no reconcile sees it");
      const { tags = [] } = account.get(id) ?? {};
      const loser = pool.ranges.find(
        ({ ids, attributes }) =>
          ids.includes(id) && !tags.includes(`scw-flexip:intent=${attributes.SCW_FLEXIP_INTENT}`),
      );
      if (loser === undefined) throw new Error("no range has lost the address");
      await succeed((how) => cloud.oned(how).unregister(loser));
    },
  };
}
