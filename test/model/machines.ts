// Where actions run: in this process, or as the executable.

import type { Step } from "../../driver/operator/reconcile/step.ts";
import type { Ran } from "../cloud/oned.ts";
import type { Reconcile, ReconcileInput } from "../cloud/reconcile.ts";
import type { Hook, IpamAction } from "../rig.ts";

export type { Ran };

export const CLOUDS = ["one", "two"] as const;
export type CloudName = (typeof CLOUDS)[number];

export interface Machines {
  /** The server of a host. */
  serverId(host: string): string;
  ipam(cloud: CloudName, action: IpamAction, document: string): Promise<Ran>;
  hook(cloud: CloudName, host: string, hook: Hook, document: string): Promise<Ran>;
  /** Plans and applies all steps, as an operator on the cloud's front-end would. */
  reconcile(cloud: CloudName, input: ReconcileInput): Promise<Reconciled>;
  /** The other front-end of the cloud takes over: it has a journal of its own. */
  failOver(cloud: CloudName): void;
  /** Of both front-ends of a cloud. */
  stateFiles(cloud: CloudName): readonly string[];
  /** How many processes were started, killed ones included. */
  readonly started: number;
}

export type Reconciled = {
  readonly steps: readonly Step[];
  /** What came of each step. */
  readonly outcomes: readonly string[];
};

/** Takes every step of the plan, as an operator would who knows that OpenNebula is right. */
export async function applyAll({ steps, apply }: Reconcile): Promise<Reconciled> {
  const outcomes: string[] = [];
  for (const step of steps) outcomes.push(await apply(step));
  return { steps, outcomes };
}
