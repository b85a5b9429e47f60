// What an earlier run, a reboot or a wrong clock can have left in the journal.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import type { ProcessIdentity } from "../../driver/machine.ts";
import { thisProcess } from "../../driver/process-identity.ts";
import { settleGuest } from "../cloud/pool.ts";
import { PROJECT } from "../rig.ts";
import { isHook, type Kind } from "./kind.ts";
import type { Injected } from "./play.ts";
import { CLOUD, type TestCloud } from "./test-cloud.ts";

const INTENT = "0a11ce00-0000-4000-8000-00000000001e";
const HOUR_MS = 3_600_000;
const QUARTER_MS = 900_000;
const OTHER_BOOT = { ...thisProcess(), bootId: "0a11ce00-0000-4000-8000-0000000b0075" };

export const JOURNAL_FAULTS: readonly Kind[] = [
  kind("creation left by a dead process", "an intent with a process number that nobody has", (cloud) =>
    withIntent(cloud, { ...thisProcess(), pid: unusedPid() }, "gone"),
  ),
  kind("creation left by a dead process whose number was given away", "a living number, another start", (cloud) =>
    withIntent(cloud, { ...thisProcess(), startTicks: "1" }, "gone"),
  ),
  kind("creation left before a reboot", "the same process, another boot, a quarter of an hour ago", (cloud) =>
    withIntent(cloud, OTHER_BOOT, "gone", QUARTER_MS),
  ),
  kind("creation that another front-end has under way", "another boot: two front-ends share the state file", (cloud) =>
    withIntent(cloud, OTHER_BOOT, "there"),
  ),
  kind("creation that a living process has under way", "this process itself", (cloud) =>
    withIntent(cloud, thisProcess(), "there"),
  ),
  kind("adoption left by a dead process", "an intent of an adopted one", (cloud) =>
    withIntent(cloud, { ...thisProcess(), pid: unusedPid() }, "given back"),
  ),
  kind("an intent without anything behind it", "the process died before it created", (cloud) => {
    writeJournal(cloud, { intents: { [INTENT]: entry({ ...thisProcess(), pid: unusedPid() }) } });
    return {};
  }),
  kind(
    "a journal of 0.1.0 with a detach owed of a running guest",
    "the entry that 0.1.0 would have acted on",
    ofOldVersion,
  ),
];

type Rest = "gone" | "there" | "given back";

function kind(name: string, how: string, make: (cloud: TestCloud) => Injected): Kind {
  return {
    ...{ family: "machine", name, how: `written into the journal: ${how}` },
    injections: (path) => (path.isCore && !isHook(path) ? [{ point: "before the run", inject: make }] : []),
    expected: () => ({ outcomes: ["done"] }),
  };
}

/** A flexible IP obtained under an intent of that process, and what the next run of any action is to make of it. */
function withIntent(cloud: TestCloud, process: ProcessIdentity, rest: Rest, agoMs = 0): Injected {
  const isAdopted = rest === "given back";
  const tags = [...(isAdopted ? ["by-hand"] : []), ...ownershipTags(CLOUD, isAdopted ? "adopted" : "created", INTENT)];
  const { id } = cloud.account.add({ projectId: PROJECT, tags });
  if (isAdopted) cloud.adoptable.set(id, ["by-hand"]);
  writeJournal(cloud, { intents: { [INTENT]: entry(process, [id], agoMs) } });
  return {
    problems: () => {
      const now = cloud.account.get(id);
      const found = now === undefined ? "gone" : now.tags.some((tag) => tag.includes(INTENT)) ? "there" : "given back";
      // The pool may have given the same flexible IP to the registration that follows.
      const isRight = found === rest || (rest === "gone" && found === "given back");
      return isRight ? [] : [`what was obtained for it is ${found}, not ${rest}`];
    },
    // Here the living process ends, and takes back what it has.
    lift: () => {
      if (rest !== "there") return;
      cloud.account.remove(id);
      writeJournal(cloud, {});
    },
  };
}

function ofOldVersion(cloud: TestCloud): Injected {
  const range = cloud.range({ on: "h3" });
  const [id = ""] = range.ids;
  settleGuest(cloud.vm([range]), "h3");
  cloud.untouchable.add(id);
  const asOf = new Date(Date.now() + HOUR_MS).toISOString();
  writeJournal(cloud, { owedDetaches: { [id]: { lease: range.ip, address: range.ip, asOf } } });
  return {};
}

function entry(process: ProcessIdentity, flexibleIpIds: readonly string[] = [], agoMs = 0): unknown {
  return { since: new Date(Date.now() - agoMs).toISOString(), process, flexibleIpIds, wanted: 0 };
}

function writeJournal(cloud: TestCloud, content: { intents?: unknown; owedDetaches?: unknown }): void {
  const file = cloud.rig.frontEnd.stateFile;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ version: 1, intents: {}, leases: {}, ...content }));
}

function unusedPid(): number {
  return Number(readFileSync("/proc/sys/kernel/pid_max", "utf8")) - 1;
}
