// What the journal and a reconcile show of a cloud.
import { join } from "node:path";
import { silentLog } from "../../driver/operator/audit.ts";
import type { Step } from "../../driver/operator/reconcile/step.ts";
import { Journal } from "../../driver/state/journal.ts";
import { listings } from "../cloud/listing.ts";
import { type Reconcile, reconcile } from "../cloud/reconcile.ts";
import { HOSTS, type TestCloud } from "./test-cloud.ts";

/** The intents of the journal under which something was obtained. Others stay for some minutes: a create may come late. */
export function occupiedIntents(cloud: TestCloud): string[] {
  const { intents } = new Journal(cloud.rig.frontEnd.stateFile, silentLog()).read();
  return Object.keys(intents).filter((intent) => isOccupied(cloud, intent));
}

/** What a reconcile finds now, but for what an ended lease left attached, which harms nobody. */
export function findings(cloud: TestCloud): Promise<Step[]> {
  return onFrontEnd(cloud, async ({ steps }) => steps.filter((step) => isFinding(cloud, step)));
}

/** One reconcile: what is safe, or also what an operator must name. Returns whether it had anything to do. */
export async function repair(cloud: TestCloud, what: "safe" | "named"): Promise<boolean> {
  const isDone = await onFrontEnd(cloud, async ({ steps, apply }) => {
    const wanted = steps.filter((step) => isFinding(cloud, step) && (what === "named" || step.isSafe));
    for (const step of wanted) {
      if ((await apply(step)) !== "done") throw new Error(`a reconcile left undone: ${step.reason}`);
    }
    return wanted.length > 0;
  });
  await cloud.account.settled();
  return isDone;
}

function isFinding(cloud: TestCloud, { kind, remedy }: Step): boolean {
  return kind !== "left-attached" && (remedy.do !== "undo-registration" || isOccupied(cloud, remedy.intent));
}

function isOccupied({ account }: TestCloud, intent: string): boolean {
  return account.all().some(({ tags }) => tags.includes(`scw-flexip:intent=${intent}`));
}

function onFrontEnd<T>({ pool, rig, server }: TestCloud, work: (open: Reconcile) => Promise<T>): Promise<T> {
  const executable = join(rig.frontEnd.root, "ipam/scw-flexip/scw-flexip");
  const servers = new Map(HOSTS.map((host) => [host, server(host)]));
  const caller = { action: "reconcile", version: "test", environment: {}, executable };
  return reconcile(caller, { ...listings(pool), servers }, work);
}
