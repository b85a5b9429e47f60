// Crash points: every request of every path, before and after it acts, and every step of writing the journal.
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { isHook, isWrite, type Kind, type Survey } from "./kind.ts";
import { type Launch, program } from "./launch.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected, Injection } from "./play.ts";
import type { TestCloud } from "./test-cloud.ts";

export const STRACE = program("strace");
const NO_STRACE = STRACE === undefined ? "strace is not there" : undefined;

const LATER: Expectation = { outcomes: ["later"] };

export const CRASHES: readonly Kind[] = [
  {
    ...{ family: "crash", name: "killed at a request that then never acts", hasBothEnds: true },
    how: "SIGKILL when the request arrives; the API drops it",
    injections: (_path, { calls }) => calls.map((call, index) => atRequest(call, index, killBefore)),
    expected: () => LATER,
  },
  {
    ...{ family: "crash", name: "killed after a request acted, before its answer", hasBothEnds: true },
    how: "SIGKILL once the account has changed; the answer is lost",
    injections: (_path, { calls }) => calls.map((call, index) => atRequest(call, index, killAfter)),
    expected: () => LATER,
  },
  {
    ...{ family: "crash", name: "killed at a request that acts only after the next action" },
    how: "SIGKILL when the request arrives; the API acts on it when the next action is over",
    // A late detach takes a hand-written range's address away, and no reconcile knows of such a range.
    injections: ({ name }, { calls }) =>
      calls.flatMap((call, index) =>
        isWrite(call) && !(call === "detach" && name.startsWith("post, taking over hand-written"))
          ? [atRequest(call, index, killEarly)]
          : [],
      ),
    expected: () => ({ outcomes: ["later", "reconciled"], reconcile: "named" }),
  },
  journalKind("killed before it takes the journal's lock", "mkdir", 2, 2),
  journalKind("killed while it writes the journal", "fsync", 1, 2),
  journalKind("killed before it renames the journal", "rename", 1, 1),
  journalKind("killed after it renamed the journal, holding the lock", "fsync", 2, 2),
  journalKind("killed before it gives back the journal's lock", "rmdir", 1, 1),
  {
    ...{ family: "crash", name: "killed between its last write and its exit", skipped: NO_STRACE },
    how: "strace kills it at exit_group",
    injections: (path) => (isHook(path) ? [] : [underStrace("exit_group", 1)]),
    // The one instant that the journal cannot cover: the intent is closed, and oned has not seen exit 0.
    expected: ({ action }) =>
      action === "register_address_range" ? { outcomes: ["later", "reconciled"], reconcile: "named" } : LATER,
  },
  {
    ...{ family: "crash", name: "killed at any moment" },
    how: "SIGKILL after 40, 80, … 200 ms",
    injections: ({ isCore }) => (isCore ? [40, 80, 120, 160, 200].map((ms) => atMoment(ms)) : []),
    expected: () => ({ outcomes: ["later", "done", "reconciled"], reconcile: "named" }),
  },
];

type Strike = (cloud: TestCloud, index: number, child: () => ChildProcess | undefined) => Partial<Injected>;

function atRequest(call: string, index: number, strike: Strike): Injection {
  return {
    point: `request ${index + 1}, ${call}`,
    inject: (cloud) => {
      let child: ChildProcess | undefined;
      const how: Launch = {
        started: (started) => {
          child = started;
        },
      };
      return { how, ...strike(cloud, index, () => child) };
    },
  };
}

// After this answer the driver waits at least a tenth of a second, and the signal is there first.
const killBefore: Strike = (cloud, skip, child) => {
  const fault = cloud.rig.simulator.fault({ skip, do: { kind: "status", status: 503 } });
  void fault.reached.then(() => child()?.kill("SIGKILL"));
  return { hasStruck: () => fault.hits > 0 };
};

const killAfter: Strike = (cloud, skip, child) => {
  const fault = cloud.rig.simulator.fault({ skip, do: { kind: "hold", when: "after" } });
  void fault.reached.then(() => child()?.kill("SIGKILL"));
  return { lift: () => fault.remove(), hasStruck: () => fault.hits > 0 };
};

const killEarly: Strike = (cloud, skip, child) => {
  const fault = cloud.rig.simulator.fault({ skip, do: { kind: "hold", when: "before" } });
  void fault.reached.then(() => child()?.kill("SIGKILL"));
  return { liftLate: () => fault.remove(), hasStruck: () => fault.hits > 0 };
};

function atMoment(ms: number): Injection {
  return {
    point: `after ${ms} ms`,
    inject: () => ({
      how: {
        started: (child) => {
          setTimeout(() => child.kill("SIGKILL"), ms);
        },
      },
    }),
  };
}

/** One kind for one system call of writing the journal: its `first` time in each write, of `each` times. */
function journalKind(name: string, call: string, first: number, each: number): Kind {
  return {
    ...{ family: "crash", name, how: `strace kills it at ${call}`, skipped: NO_STRACE },
    injections: (path, survey) => writesOf(path, survey).map((write) => underStrace(call, first + write * each)),
    expected: ({ action }) =>
      action === "register_address_range" ? { outcomes: ["later", "reconciled"], reconcile: "named" } : LATER,
  };
}

function writesOf(path: Path, { journalWrites = 0 }: Survey): number[] {
  if (isHook(path)) return [];
  return Array.from({ length: journalWrites }, (_, index) => index);
}

function underStrace(call: string, when: number): Injection {
  return {
    point: `${call} ${when}`,
    inject: (cloud) => ({
      how: traced(cloud, `-e trace=${call} -e inject=${call}:signal=KILL:when=${when}`),
      hasStruck: ({ signal }) => signal === "SIGKILL",
    }),
  };
}

/**
 * Under strace, which notes what it saw in the rig's folder. One thread does all asynchronous file calls:
 * they are counted in order. With --seccomp-bpf it is quicker, but sends no signals.
 */
export function traced(cloud: TestCloud, options: string): Launch {
  return { under: `${STRACE} -f -o ${join(cloud.rig.folder, "strace")} ${options}`, env: { UV_THREADPOOL_SIZE: "1" } };
}
