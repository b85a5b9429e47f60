// Faults of the front-end: where its files are, and a kind that breaks something before the run.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isHook, type Kind } from "./kind.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

export const HOUR_MS = 3_600_000;
export const DONE: Expectation = { outcomes: ["done"] };

export type Break = (cloud: TestCloud) => Injected | Promise<Injected>;
export type Options = { skipped?: string | undefined; expected?: (path: Path) => Expectation; hooksToo?: boolean };

/** A fault of the machine that is there from before the run to its end. */
export function kind(name: string, how: string, make: Break, options: Options = {}): Kind {
  return {
    ...{ family: "machine", name, how: how === "" ? "made so before the run" : how, skipped: options.skipped },
    injections: (path) =>
      path.isCore && (options.hooksToo === true || !isHook(path)) ? [{ point: "the whole run", inject: make }] : [],
    expected: options.expected ?? (() => DONE),
  };
}

/** Nothing is bought that cannot be noted. The other actions need no journal. */
export function refusesToSpend({ action }: Path): Expectation {
  return { outcomes: action === "register_address_range" ? ["refused"] : ["done"], isUndoneAtOnce: true };
}

/** Puts something where `path` is, until the run is over. */
export function inPlaceOf(path: string, make: (path: string) => void): Injected {
  rmSync(path, { recursive: true, force: true });
  make(path);
  return { lift: () => rmSync(path, { recursive: true, force: true }) };
}

export function stateFolder(cloud: TestCloud): string {
  return dirname(cloud.rig.frontEnd.stateFile);
}

export function logFolder(cloud: TestCloud): string {
  return cloud.rig.frontEnd.logDir;
}

export function tokenOf(cloud: TestCloud): string {
  return join(cloud.rig.frontEnd.root, "..", "token");
}

export function settingsOf(cloud: TestCloud): string {
  return join(cloud.rig.frontEnd.root, "etc/ipam/scw-flexip/scw-flexip.conf");
}
