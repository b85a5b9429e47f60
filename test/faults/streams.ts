// Signals in the middle of an action, and what can be wrong with its three streams.
import type { ChildProcess } from "node:child_process";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Kind } from "./kind.ts";
import { type Launch, program } from "./launch.ts";
import { ACTIONS, type Path } from "./path.ts";
import type { Expectation, Injected, Injection } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

const MKFIFO = program("mkfifo");

const DONE: Expectation = { outcomes: ["done"] };

export const STREAM_FAULTS: readonly Kind[] = [
  ...(["SIGTERM", "SIGINT"] as const).flatMap((signal) =>
    (["before", "after"] as const).map((when): Kind => {
      return {
        ...{ family: "machine", name: `${signal} ${when === "before" ? "at a request" : "after a request acted"}` },
        how: "sent while the simulator holds the request",
        injections: (path, { calls }) =>
          path.isCore ? calls.map((call, skip) => signalled(signal, when, skip, call)) : [],
        expected: signalledOutcome,
      };
    }),
  ),
  stream("standard input that never ends", "a fifo that is kept open", endless, {
    skipped: MKFIFO === undefined ? "mkfifo is not there" : undefined,
    expected: unreadable,
    isSlow: true,
  }),
  stream("standard input closed at once", "an empty document", () => ({ how: { raw: "" } }), { expected: unreadable }),
  stream("no standard input", "<&-", redirected("<&-"), { expected: unreadable }),
  stream("standard input is a folder", "</", redirected("</"), { expected: unreadable }),
  stream("standard input that is no base64", "%%%", () => ({ how: { raw: "%%%" } }), { expected: unreadable }),
  stream(
    "standard input cut off",
    "half of a document",
    () => ({ how: { raw: "PElQQU1fRFJJVkVSX0FDVElPTl9EQVRBPjxBUj4" } }),
    {
      expected: unreadable,
    },
  ),
  stream("4 MiB on standard input", "", () => ({ how: { raw: "A".repeat(4 * 1024 * 1024) } }), {
    expected: unreadable,
  }),
  stream("standard output closed early", "its reader goes at the start", () => ({ how: { started: closeOutput } }), {
    expected: answerLost,
  }),
  stream("standard output on a full disk", ">/dev/full", redirected(">/dev/full"), { expected: answerLost }),
  stream("standard error closed early", "its reader goes at the start", () => ({ how: { started: closeError } })),
  stream("standard error on a full disk", "2>/dev/full", redirected("2>/dev/full")),
  stream("no standard error", "2>&-", redirected("2>&-")),
];

type Options = { skipped?: string | undefined; expected?: (path: Path) => Expectation; isSlow?: boolean };

function stream(name: string, how: string, make: (cloud: TestCloud) => Injected, options: Options = {}): Kind {
  const seen = new Map(ACTIONS.map((action) => [action, ""]));
  // What takes long is played on the first path of each action.
  const isWanted = ({ action, name: path, isCore }: Path): boolean => {
    if (options.isSlow !== true) return isCore;
    if (seen.get(action) === "") seen.set(action, path);
    return seen.get(action) === path;
  };
  return {
    ...{ family: "machine", name, how: how === "" ? name : how, skipped: options.skipped },
    injections: (path) => (isWanted(path) ? [{ point: "the whole run", inject: make }] : []),
    expected: options.expected ?? (() => DONE),
  };
}

function signalled(signal: "SIGTERM" | "SIGINT", when: "before" | "after", skip: number, call: string): Injection {
  return {
    point: `request ${skip + 1}, ${call}`,
    inject: (cloud) => {
      let child: ChildProcess | undefined;
      const fault = cloud.rig.simulator.fault({ skip, do: { kind: "hold", when } });
      void fault.reached.then(() => child?.kill(signal));
      const started = (one: ChildProcess): void => {
        child = one;
      };
      return { how: { started }, lift: () => fault.remove(), hasStruck: () => fault.hits > 0 };
    },
  };
}

// A request that is held before it acts still acts when it is let go, as one under way would: after the undoing.
function signalledOutcome({ action }: Path): Expectation {
  if (action === "free_address" || action === "clean") return { outcomes: ["later", "done"] };
  if (action === "register_address_range") return { outcomes: ["refused", "reconciled"], reconcile: "named" };
  return { outcomes: ["refused"] };
}

function unreadable({ action }: Path): Expectation {
  // A clean that cannot read its document says so, and the addresses stay.
  if (action === "clean") return { outcomes: ["later", "done"] };
  return { outcomes: ["refused"], isUndoneAtOnce: true };
}

/** Only get and register have an answer to lose. */
function answerLost({ action }: Path): Expectation {
  const hasAnswer = action === "register_address_range" || action === "get_address";
  return { outcomes: hasAnswer ? ["refused"] : ["done"], isUndoneAtOnce: true };
}

function redirected(to: string): () => Injected {
  return () => ({ how: { redirected: to } });
}

function endless(cloud: TestCloud): Injected {
  const fifo = join(cloud.rig.folder, "fifo");
  execFileSync(MKFIFO ?? "mkfifo", [fifo]);
  return { how: { redirected: `<>${fifo}` } };
}

const closeOutput: NonNullable<Launch["started"]> = (child) => child.stdout?.destroy();
const closeError: NonNullable<Launch["started"]> = (child) => child.stderr?.destroy();
