// What the catalogue is made of.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CallName, FaultSpec } from "../fakes/flexible-ip-server.ts";
import type { Rig } from "../rig.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injection } from "./play.ts";
import type { Launch } from "./test-cloud.ts";

// With its folder, since a rig has no PATH.
const STRACE = "/usr/bin/strace";
export const NO_STRACE = existsSync(STRACE) ? undefined : "strace is not there";

export const FAMILIES = ["crash", "api", "machine", "tenant"] as const;
export type Family = (typeof FAMILIES)[number];

/** What a path does when nothing goes wrong. */
export type Survey = {
  readonly calls: readonly CallName[];
  /** How often it writes the journal; 0 where strace is not there to count. */
  readonly journalWrites: number;
};

/** A kind of fault: how it is injected, and where in each path. */
export type Kind = {
  readonly family: Family;
  readonly name: string;
  /** How it is injected, in a few words. */
  readonly how: string;
  /** Why it cannot be played here; undefined where it can. */
  readonly skipped?: string | undefined;
  /** Whether the user of a hook may also give up instead of trying again. */
  readonly hasBothEnds?: boolean;
  injections(path: Path, survey: Survey): readonly Injection[];
  expected(path: Path): Expectation;
};

type Options = {
  readonly family?: Family;
  readonly skipped?: string | undefined;
  readonly on?: (path: Path) => boolean;
  readonly expected?: (path: Path) => Expectation;
};

export const DONE: Expectation = { outcomes: ["done"] };

/** A fault that is there from before the run to its end, on the paths that stand for their actions. */
export function throughout(
  name: string,
  how: string,
  inject: Injection["inject"],
  { family = "machine", skipped, on = () => true, expected = () => DONE }: Options = {},
): Kind {
  return {
    ...{ family, name, how, skipped, expected },
    injections: (path) => (path.isCore && on(path) ? [{ point: "the whole run", inject }] : []),
  };
}

/** A signal to the process once its request number `skip` has arrived, and what becomes of that request. */
export function signalAt(
  signal: NodeJS.Signals,
  call: CallName,
  skip: number,
  request: FaultSpec["do"],
  end: "lift" | "liftLate" = "lift",
): Injection {
  return {
    point: `request ${skip + 1}, ${call}`,
    inject: (cloud) => {
      const fault = cloud.rig.simulator.fault({ skip, do: request });
      return {
        how: { started: (child) => void fault.reached.then(() => child.kill(signal)) },
        [end]: () => fault.remove(),
        hasStruck: () => fault.hits > 0,
      };
    },
  };
}

/**
 * Under strace, which notes what it saw in the rig's folder. One thread does all asynchronous file calls:
 * they are counted in order. With --seccomp-bpf it is quicker, but sends no signals.
 */
export function traced({ folder }: Rig, options: string): Launch {
  return {
    shell: `exec ${STRACE} -f -o ${join(folder, "strace")} ${options} "$@"`,
    env: { UV_THREADPOOL_SIZE: "1" },
  };
}

export function isWrite(call: CallName): boolean {
  return !/^(server\.)?(get|list)$/.test(call);
}
