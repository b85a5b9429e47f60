// Where actions run: what the model needs of a way of running them.

import type { Step } from "../../driver/operator/reconcile/step.ts";
import type { Hook, IpamAction } from "../rig.ts";
import type { ReconcileInput } from "./reconcile.ts";

/** What oned or the network driver saw of one action. */
export type Ran = {
  /** Null: killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

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

/** Lines of standard error that OpenNebula shows to the user. */
export function plainLines({ stderr }: Ran): string[] {
  return stderr.split("\n").filter((line) => line !== "" && !/^(DEBUG|INFO|WARN|ERROR): /.test(line));
}

/** The server's id as the rig derives it from a host's name. */
export function serverIdOf(host: string): string {
  return `33333333-3333-4333-8333-${Buffer.from(host.padStart(6, "0").slice(-6)).toString("hex")}`;
}
