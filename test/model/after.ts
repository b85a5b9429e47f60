// After the dust has settled and one reconcile: what has to hold.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { ipamDocument } from "../documents.ts";
import type { FlexibleIpRecord } from "../fakes/flexible-ip-record.ts";
import { cloudOf, digest } from "./guard.ts";
import type { World } from "./history.ts";
import { CLOUDS, type CloudName } from "./machines.ts";
import type { Nic, Oned, Range, Vm } from "./oned.ts";

/** What was in the project at the start. */
export type Seeded = { readonly adoptable: readonly Known[]; readonly foreign: readonly Known[] };

type Known = { readonly id: string; readonly address: string; readonly digest: string };

export function known(flexibleIp: FlexibleIpRecord): Known {
  return { id: flexibleIp.id, address: flexibleIp.ipAddress, digest: digest(flexibleIp) };
}

const DAY_MS = 86_400_000;
const NOBODYS = { IP: "203.0.113.250", SIZE: "1" };
const FAIR = { faults: [], pace: 1 };

/** Lifts the faults, lets the operators of both clouds do their part, and says what is wrong after all. */
export async function complaintsAfter(world: World): Promise<string[]> {
  world.account.settleAll();
  world.begin("after", FAIR);
  for (const name of CLOUDS) {
    await finish(world, world.clouds[name]);
    world.account.settleAll();
    for (const file of world.machines.stateFiles(name)) letADayPass(file);
    // What the other front-end left undone is its own to undo, by any action.
    world.machines.failOver(name);
    await world.ipam(name, "free_address", ipamDocument(NOBODYS, NOBODYS), []);
    world.account.settleAll();
    world.machines.failOver(name);
    await repair(world, name);
  }
  world.account.settleAll();
  return [
    ...CLOUDS.flatMap((name) => ofRanges(world, name)),
    ...CLOUDS.flatMap((name) => ofGuests(world, name)),
    ...CLOUDS.flatMap((name) => ofJournal(world, name)),
    ...ofOthers(world),
  ];
}

/** A creation whose answer nobody saw may come late, so that its intent stays open for a while. */
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
async function finish(world: World, cloud: Oned): Promise<void> {
  for (const vm of cloud.vms) {
    for (const nic of vm.nics.filter(({ isLimp, parent }) => isLimp && parent?.isLimp !== true)) {
      await cloud.detachNic(vm, nic);
    }
  }
  for (const range of cloud.ranges.filter(({ isStuck }) => isStuck)) await cloud.free(range);
  const isOver = (range: Range): boolean => range.isLeaving || (range.mayBeGone && !isHeld(world, range));
  for (const range of cloud.ranges.filter(isOver)) await cloud.removeRange(range);
}

/** Whether its flexible IPs are still those that it was registered with. */
function isHeld(world: World, { ids, attributes }: Range): boolean {
  const tag = `scw-flexip:intent=${attributes.SCW_FLEXIP_INTENT}`;
  return ids.every((id) => world.account.table.find(id)?.tags.includes(tag) === true);
}

async function repair(world: World, name: CloudName): Promise<void> {
  const { steps, outcomes } = await world.reconcile(name, "list");
  const intents = steps.filter(({ kind }) => kind === "open-intent").map(({ key }) => key.slice("open-intent:".length));
  for (const [index, step] of steps.entries()) {
    // What a dead intent obtained is found a second time, as in no range; the first step takes it away.
    if (intents.some((intent) => isOfIntent(step, intent))) continue;
    const outcome = outcomes[index] ?? "";
    // The detach of a NIC's address takes its alias along, whose own step then finds nothing to do; the next plan tells.
    if (step.kind === "left-attached" && outcome === "changed") continue;
    if (outcome !== "done" && step.remedy.do !== "none") world.complain(`reconcile ${step.key}: ${outcome}`);
    if (["orphan", "shared", "other-cloud", "bad-status", "lost-tags"].includes(step.kind)) {
      world.complain(`reconcile found ${step.key}: ${step.reason}`);
    }
    // No driver's failure makes these: only what a person did, which does not happen here.
    if (
      step.kind === "missing" ||
      step.kind === "recycled" ||
      (step.kind === "wrong-mac" && step.reason.includes("guests have"))
    ) {
      world.complain(`reconcile found ${step.key}: ${step.reason}`);
    }
  }
  await followAdvice(world, name, steps);
  const again = await world.reconcile(name, "show");
  for (const step of again.steps) {
    if (!isLost(world.clouds[name], step)) world.complain(`reconcile found again ${step.key}: ${step.reason}`);
  }
}

/** Of an alias whose NIC's range was removed by force: nothing brings that one back. */
function isLost(cloud: Oned, { address }: Step): boolean {
  const nics = cloud.vms.flatMap((vm) => vm.nics);
  return nics.some(({ parent, range }) => range.ip === address && parent?.range.isRemoved === true);
}

function isOfIntent({ remedy }: Step, intent: string): boolean {
  return "flexibleIp" in remedy && remedy.flexibleIp.tags.includes(`scw-flexip:intent=${intent}`);
}

/** An alias of which the plan says so is detached and attached again. */
async function followAdvice(world: World, name: CloudName, steps: readonly Step[]): Promise<void> {
  const cloud = world.clouds[name];
  for (const vm of cloud.vms.filter(({ state }) => state === "running")) {
    for (const nic of vm.nics) {
      const { parent } = nic;
      const isNamed = steps.some(
        ({ address, reason }) => address === nic.range.ip && reason.includes("detach the alias"),
      );
      if (parent === undefined || !isNamed || parent.range.isRemoved || nic.range.isRemoved) continue;
      await cloud.detachNic(vm, nic);
      if (nic.range.holder === undefined) await cloud.attachNic(vm, nic.range, parent);
    }
  }
}

/** Every flexible IP with the cloud's tags is in exactly one range, and every range has its own. */
function ofRanges(world: World, name: CloudName): string[] {
  const cloud = world.clouds[name];
  const complaints: string[] = [];
  for (const flexibleIp of world.account.table.oldestFirst().filter((one) => cloudOf(one) === name)) {
    const users = cloud.ranges.filter(({ ids }) => ids.includes(flexibleIp.id));
    if (users.length !== 1) complaints.push(`${flexibleIp.ipAddress} of cloud ${name} is in ${users.length} ranges`);
  }
  for (const range of cloud.ranges) {
    for (const [index, id] of range.ids.entries()) {
      const flexibleIp = world.account.table.find(id);
      const address = index === 0 ? range.ip : (range.attributes.IP6 ?? "").replace(/::1$/, "::/64");
      if (flexibleIp?.ipAddress !== address) complaints.push(`range ${range.ip} has lost ${address}`);
      else if (cloudOf(flexibleIp) !== name) complaints.push(`${address} has lost the tags of cloud ${name}`);
      else if (index === 0 && !range.hasLentOut && flexibleIp.mac?.address !== range.mac) {
        complaints.push(`${address} has MAC ${flexibleIp.mac?.address}, its range ${range.mac}`);
      }
    }
    if (range.isStuck) complaints.push(`lease of ${range.ip} is stuck`);
  }
  return complaints;
}

/** The address of every running guest is attached to its host with the NIC's MAC. */
function ofGuests(world: World, name: CloudName): string[] {
  return world.clouds[name].vms
    .filter(({ state }) => state === "running")
    .flatMap((vm) =>
      vm.nics
        .filter((nic) => !(nic.range.isRemoved || nic.parent?.range.isRemoved === true || isServed(world, vm, nic)))
        .map((nic) => {
          const now = world.account.table.find(nic.range.ids[0] ?? "");
          const place = `${now?.status} ${now?.serverId} ${now?.mac?.address}`;
          return `VM ${vm.id} NIC ${nic.nicId} runs on ${vm.host}, but ${nic.range.ip} is ${place}`;
        }),
    );
}

function isServed(world: World, vm: Vm, nic: Nic): boolean {
  const mac = (nic.parent ?? nic).range.mac;
  return nic.range.ids.every((id) => {
    const now = world.account.table.find(id);
    return now?.status === "attached" && now.serverId === world.machines.serverId(vm.host) && now.mac?.address === mac;
  });
}

function ofJournal(world: World, name: CloudName): string[] {
  return world.machines
    .stateFiles(name)
    .filter((file) => existsSync(file))
    .map((file): unknown => JSON.parse(readFileSync(file, "utf8")))
    .map((state) => Object.keys(Object(Object(state).intents)).length)
    .filter((open) => open > 0)
    .map((open) => `a journal of ${name} still has ${open} intents`);
}

/** No adopted address was deleted or lost what others wrote on it; what is nobody's business is as it was. */
function ofOthers(world: World): string[] {
  const { adoptable, foreign } = world.seeded;
  return [
    ...adoptable
      .filter(({ id }) => world.account.table.find(id)?.tags.includes("theirs") !== true)
      .map(({ address }) => `${address}, adopted at most, is gone or has lost its owner's tags`),
    ...foreign
      .filter((one) => {
        const now = world.account.table.find(one.id);
        return now === undefined || digest(now) !== one.digest;
      })
      .map(({ address }) => `${address}, which is nobody's business, was touched`),
  ];
}
