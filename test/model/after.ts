// Once all is at rest, and after one reconcile: what must hold.
import { existsSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { brokenRanges, lostToTheirOwner, notInOneRange, stuckLeases, unservedGuests } from "../cloud/invariants.ts";
import { wholeJournal } from "../cloud/journal.ts";
import type { Pool, Range } from "../cloud/pool.ts";
import { ipamDocument } from "../documents.ts";
import { CALM, type Cloud, type HistoryRun } from "./history-run.ts";
import { CLOUDS } from "./machines.ts";

const DAY_MS = 86_400_000;
const NOBODYS = { IP: "203.0.113.250", SIZE: "1" };
// Found where the driver failed, or where people did what nobody does here.
const NEVER: readonly Step["kind"][] = [
  ...(["orphan", "shared", "other-cloud", "bad-status", "lost-tags"] as const),
  ...(["missing", "recycled"] as const),
];

/** Lifts the faults, lets the operators of both clouds do their part, and says what is still wrong. */
export async function complaintsAfter(run: HistoryRun): Promise<string[]> {
  const { account } = run.api;
  account.settleAll();
  run.begin("after", { ...CALM, pace: 1 });
  for (const name of CLOUDS) {
    const cloud = run.clouds[name];
    await finish(run, cloud);
    account.settleAll();
    for (const file of journals(run, cloud)) letADayPass(file);
    // Each front-end undoes what it left undone itself, in its next action.
    run.machines.failOver(name);
    await run.act(name, "free_address", ipamDocument(NOBODYS, NOBODYS));
    account.settleAll();
    run.machines.failOver(name);
    await repair(run, cloud);
  }
  account.settleAll();
  return [...Object.values(run.clouds).flatMap((cloud) => ofCloud(run, cloud)), ...ofOthers(run)];
}

function journals({ machines }: HistoryRun, { name }: Cloud): string[] {
  return machines.stateFiles(name).filter((file) => existsSync(file));
}

/** A creation without an answer may be acted on late. That is why its intent stays open for a while. */
function letADayPass(stateFile: string): void {
  const state = wholeJournal(stateFile);
  for (const intent of Object.values(state.intents)) {
    intent.since = new Date(Date.parse(intent.since) - DAY_MS).toISOString();
  }
  writeFileSync(stateFile, JSON.stringify(state));
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
function isHeld({ api }: HistoryRun, { ids, attributes }: Range): boolean {
  const tag = `scw-flexip:intent=${attributes.SCW_FLEXIP_INTENT}`;
  return ids.every((id) => api.account.table.find(id)?.tags.includes(tag) === true);
}

async function repair(run: HistoryRun, cloud: Cloud): Promise<void> {
  const done = await run.reconcile(cloud.name);
  const steps = done.map(([step]) => step);
  const intents = steps.filter(({ kind }) => kind === "open-intent").map(({ key }) => key.slice("open-intent:".length));
  for (const [step, outcome] of done) {
    // A dead intent's flexible IP is found twice: the second time as in no range. The first step takes it away.
    if (intents.some((intent) => isOfIntent(step, intent))) continue;
    // The detach of a NIC's address takes its alias along: nothing is left for the alias's own step.
    if (step.kind === "left-attached" && outcome === "changed") continue;
    if (outcome !== "done" && step.remedy.do !== "none") run.api.complain(`${step.key}: ${outcome}`);
    // A creation without an answer, in no listing either, is bought again: an operator deletes it by name.
    if (step.kind === "orphan" && run.api.lostFromSight.has(step.address ?? "")) continue;
    const isGuests = step.kind === "wrong-mac" && step.reason.includes("guests have");
    if (isGuests || NEVER.includes(step.kind)) run.api.complain(`found ${step.key}: ${step.reason}`);
  }
  await followAdvice(cloud, steps);
  for (const [step] of await run.reconcile(cloud.name)) {
    if (!isLost(cloud.pool, step)) run.api.complain(`found again ${step.key}: ${step.reason}`);
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
async function followAdvice({ oned, pool }: Cloud, steps: readonly Step[]): Promise<void> {
  const advised = steps.filter(({ reason }) => reason.includes("detach the alias")).map(({ address }) => address);
  for (const vm of pool.vms.filter(({ state }) => state === "running")) {
    for (const nic of vm.nics.filter(({ range }) => advised.includes(range.ip) && !range.isRemoved)) {
      const { parent, range } = nic;
      if (parent === undefined || parent.range.isRemoved) continue;
      await oned.detachNic(vm, nic);
      if (range.holder === undefined) await oned.attachNic(vm, range, parent);
    }
  }
}

function ofCloud(run: HistoryRun, cloud: Cloud): string[] {
  const { account } = run.api;
  const { name, pool } = cloud;
  const open = journals(run, cloud).flatMap((file) => Object.keys(wholeJournal(file).intents));
  return [
    ...notInOneRange(account, pool, name),
    ...brokenRanges(account, pool, name),
    ...stuckLeases(pool),
    ...unservedGuests(account, pool, name),
    ...open.map((intent) => `a journal of ${name} still has intent ${intent}`),
  ];
}

/** No adopted address was deleted or lost what others wrote on it; what is nobody's business is as it was. */
function ofOthers({ adoptable, api, foreign }: HistoryRun): string[] {
  return [
    ...lostToTheirOwner(api.account, new Map(adoptable.map(({ id, tags }) => [id, tags]))),
    ...foreign
      .filter((one) => !isDeepStrictEqual(api.account.get(one.id), one))
      .map(({ ip_address }) => `${ip_address}, which is nobody's business, was touched`),
  ];
}
