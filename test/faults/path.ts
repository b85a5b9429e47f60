// A way through an action or hook: what is there before, what is run, when it has done its work, and what OpenNebula or
// its user does next when it has not.
import { HOOKS, IPAM_ACTIONS } from "../../driver/actions.ts";
import type { RunResult } from "../rig.ts";
import type { Launch, TestCloud } from "./test-cloud.ts";

export const ACTIONS = [...IPAM_ACTIONS, ...HOOKS] as const;
export type Action = (typeof ACTIONS)[number];

export type Act = {
  run(how: Launch): Promise<RunResult>;
  /** Whether the account is as the action should leave it. */
  isReached(): boolean;
  /** What follows on success, at once or in the end. */
  goOn?(): Promise<void>;
  /** What is done after a failure, in the end with success; the same action again unless given. */
  retry?(): Promise<void>;
  /** What follows when the user gives up instead. */
  giveUp?(): Promise<void>;
};

export type Path = {
  readonly name: string;
  readonly action: Action;
  /** It stands for its action where not all ways are played. */
  readonly isCore: boolean;
  stage(cloud: TestCloud): Act;
};

/** A way through an action: `name` says which, without the action's own word. */
export function way(action: Action, name: string, isCore: boolean, stage: Path["stage"]): Path {
  return { name: `${wordOf(action)}, ${name}`, action, isCore, stage };
}

/** The first word of an action's name: register, unregister, get … */
export function wordOf(action: Action): string {
  return action.replace(/_.*/, "");
}

export function isHook({ action }: Path): boolean {
  return action === "pre" || action === "post" || action === "clean";
}

export function isIpam(path: Path): boolean {
  return !isHook(path);
}

/** Runs an action that must succeed, since no fault is left. */
export async function succeed(run: (how: Launch) => Promise<RunResult>): Promise<void> {
  const { code, signal, stderr } = await run({});
  if (code !== 0) throw new Error(`the next action fails too (${code ?? signal}): ${stderr.slice(-600)}`);
}
