// What the journal and a reconcile show of a cloud.
import { join } from "node:path";
import { silentLog } from "../../driver/operator/audit.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { Journal } from "../../driver/state/journal.ts";
import { listings } from "../cloud/listing.ts";
import { reconcile } from "../cloud/reconcile.ts";
import { HOSTS, type TestCloud } from "./test-cloud.ts";

/** The intents of the journal under which something was obtained. Others stay for some minutes: a create may come late. */
export function occupiedIntents(cloud: TestCloud): string[] {
  const { intents } = new Journal(cloud.rig.frontEnd.stateFile, silentLog()).read();
  return Object.keys(intents).filter((intent) => isOccupied(cloud, intent));
}

/** What a reconcile finds now, but for what an ended lease left attached, which harms nobody. */
export async function findings(cloud: TestCloud): Promise<Step[]> {
  const planned = await onFrontEnd(cloud, () => false);
  return planned.map(([step]) => step).filter((step) => isFinding(cloud, step));
}

/** One reconcile: what is safe, or also what an operator must name. Returns whether it had anything to do. */
export async function repair(cloud: TestCloud, what: "safe" | "named"): Promise<boolean> {
  const isWanted = (step: Step): boolean => isFinding(cloud, step) && (what === "named" || step.isSafe);
  const applied = (await onFrontEnd(cloud, isWanted)).filter(([, outcome]) => outcome !== "planned");
  const undone = applied.find(([, outcome]) => outcome !== "done");
  if (undone !== undefined) throw new Error(`a reconcile left undone: ${undone[0].reason}`);
  await cloud.account.settled();
  return applied.length > 0;
}

function isFinding(cloud: TestCloud, { kind, remedy }: Step): boolean {
  return kind !== "left-attached" && (remedy.do !== "undo-registration" || isOccupied(cloud, remedy.intent));
}

function isOccupied({ account }: TestCloud, intent: string): boolean {
  return account.all().some(({ tags }) => tags.includes(`scw-flexip:intent=${intent}`));
}

function onFrontEnd({ pool, rig, server }: TestCloud, isWanted: (step: Step) => boolean): Promise<[Step, string][]> {
  const executable = join(rig.frontEnd.root, "ipam/scw-flexip/scw-flexip");
  const servers = new Map(HOSTS.map((host) => [host, server(host)]));
  const caller = { action: "reconcile", version: "test", environment: {}, executable };
  return reconcile(caller, { ...listings(pool), servers }, isWanted);
}
