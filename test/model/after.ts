// Once all is at rest, and after one reconcile: what must hold.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import {
  brokenRanges,
  digest,
  lostToTheirOwner,
  notInOneRange,
  stuckLeases,
  unservedGuests,
} from "../cloud/invariants.ts";
import type { Pool, Range } from "../cloud/pool.ts";
import { ipamDocument } from "../documents.ts";
import type { Known } from "./account.ts";
import type { Cloud, HistoryRun } from "./history-run.ts";
import { CLOUDS, type CloudName } from "./machines.ts";

const DAY_MS = 86_400_000;
const NOBODYS = { IP: "203.0.113.250", SIZE: "1" };
const CALM = { faults: [], pace: 1, staleListings: 0 };

/** Lifts the faults, lets the operators of both clouds do their part, and says what is still wrong. */
export async function complaintsAfter(run: HistoryRun): Promise<string[]> {
  run.account.settleAll();
  run.begin("after", CALM);
  for (const name of CLOUDS) {
    await finish(run, run.clouds[name]);
    run.account.settleAll();
    for (const file of run.machines.stateFiles(name)) letADayPass(file);
    // Each front-end undoes what it left undone itself, in its next action.
    run.machines.failOver(name);
    await run.anyAction(name, "free_address", ipamDocument(NOBODYS, NOBODYS));
    run.account.settleAll();
    run.machines.failOver(name);
    await repair(run, name);
  }
  run.account.settleAll();
  return [...CLOUDS.flatMap((name) => ofCloud(run, name)), ...ofOthers(run)];
}

/** A creation without an answer may be acted on late. That is why its intent stays open for a while. */
function letADayPass(stateFile: string): void {
  if (!existsSync(stateFile)) return;
  const text = readFileSync(stateFile, "utf8");
  const dayBefore = (since: string): string => new Date(Date.parse(since) - DAY_MS).toISOString();
  writeFileSync(
    stateFile,
    text.replaceAll(/("since": ?")([^"]+)(")/g, (_, start, since, end) => `${start}${dayBefore(since)}${end}`),
  );
}

/** What oned asks an operator to do again: operations that a kill cut short, leases that a killed free left. */
async function finish(run: HistoryRun, { oned, pool }: Cloud): Promise<void> {
  for (const vm of pool.vms) {
    for (const nic of vm.nics.filter(({ isLimp, parent }) => isLimp && parent?.isLimp !== true)) {
      await oned.detachNic(vm, nic);
    }
  }
  for (const range of pool.ranges.filter(({ isStuck }) => isStuck)) await oned.free(range);
  const isOver = (range: Range): boolean => range.isLeaving || (range.mayBeGone && !isHeld(run, range));
  for (const range of pool.ranges.filter(isOver)) await oned.removeRange(range);
}

/** Whether its flexible IPs are still those that it was registered with. */
function isHeld(run: HistoryRun, { ids, attributes }: Range): boolean {
  const tag = `scw-flexip:intent=${attributes.SCW_FLEXIP_INTENT}`;
  return ids.every((id) => run.account.table.find(id)?.tags.includes(tag) === true);
}

async function repair(run: HistoryRun, name: CloudName): Promise<void> {
  const { steps, outcomes } = await run.reconcile(name, "list");
  const intents = steps.filter(({ kind }) => kind === "open-intent").map(({ key }) => key.slice("open-intent:".length));
  for (const [index, step] of steps.entries()) {
    // A dead intent's flexible IP is found twice: the second time as in no range. The first step takes it away.
    if (intents.some((intent) => isOfIntent(step, intent))) continue;
    const outcome = outcomes[index] ?? "";
    // The detach of a NIC's address takes its alias along: nothing is left for the alias's own step.
    if (step.kind === "left-attached" && outcome === "changed") continue;
    if (outcome !== "done" && step.remedy.do !== "none") run.complain(`reconcile ${step.key}: ${outcome}`);
    // A creation without an answer, in no listing either, is bought again: an operator deletes it by name.
    if (step.kind === "orphan" && run.api.lostFromSight.has(step.address ?? "")) continue;
    if (["orphan", "shared", "other-cloud", "bad-status", "lost-tags"].includes(step.kind)) {
      run.complain(`reconcile found ${step.key}: ${step.reason}`);
    }
    // No failure of the driver leads to these, but people do; there are none here.
    if (
      step.kind === "missing" ||
      step.kind === "recycled" ||
      (step.kind === "wrong-mac" && step.reason.includes("guests have"))
    ) {
      run.complain(`reconcile found ${step.key}: ${step.reason}`);
    }
  }
  await followAdvice(run, name, steps);
  const again = await run.reconcile(name, "show");
  for (const step of again.steps) {
    if (!isLost(run.clouds[name].pool, step)) run.complain(`reconcile found again ${step.key}: ${step.reason}`);
  }
}

/** Whether it is about an alias whose NIC's range was removed by force: nothing brings the alias back. */
function isLost({ vms }: Pool, { address }: Step): boolean {
  const nics = vms.flatMap((vm) => vm.nics);
  return nics.some(({ parent, range }) => range.ip === address && parent?.range.isRemoved === true);
}

function isOfIntent({ remedy }: Step, intent: string): boolean {
  return "flexibleIp" in remedy && remedy.flexibleIp.tags.includes(`scw-flexip:intent=${intent}`);
}

/** Detaches and attaches again the aliases for which the plan advises it. */
async function followAdvice(run: HistoryRun, name: CloudName, steps: readonly Step[]): Promise<void> {
  const { oned, pool } = run.clouds[name];
  for (const vm of pool.vms.filter(({ state }) => state === "running")) {
    for (const nic of vm.nics) {
      const { parent } = nic;
      const isNamed = steps.some(
        ({ address, reason }) => address === nic.range.ip && reason.includes("detach the alias"),
      );
      if (parent === undefined || !isNamed || parent.range.isRemoved || nic.range.isRemoved) continue;
      await oned.detachNic(vm, nic);
      if (nic.range.holder === undefined) await oned.attachNic(vm, nic.range, parent);
    }
  }
}

function ofCloud(run: HistoryRun, name: CloudName): string[] {
  const { account, clouds } = run;
  const { pool } = clouds[name];
  return [
    ...notInOneRange(account, pool, name),
    ...brokenRanges(account, pool, name),
    ...stuckLeases(pool),
    ...unservedGuests(account, pool, run.serverOf),
    ...ofJournal(run, name),
  ];
}

function ofJournal(run: HistoryRun, name: CloudName): string[] {
  return run.machines
    .stateFiles(name)
    .filter((file) => existsSync(file))
    .map((file): unknown => JSON.parse(readFileSync(file, "utf8")))
    .map((state) => Object.keys(Object(Object(state).intents)).length)
    .filter((open) => open > 0)
    .map((open) => `a journal of ${name} still has ${open} intents`);
}

/** No adopted address was deleted or lost what others wrote on it; what is nobody's business is as it was. */
function ofOthers({ account, seeded }: HistoryRun): string[] {
  const owners = new Map(seeded.adoptable.map(({ id }) => [id, ["theirs"]]));
  const isChanged = (one: Known): boolean => {
    const now = account.table.find(one.id);
    return now === undefined || digest(now) !== one.digest;
  };
  return [
    ...lostToTheirOwner(account, owners),
    ...seeded.foreign.filter(isChanged).map(({ address }) => `${address}, which is nobody's business, was touched`),
  ];
}
