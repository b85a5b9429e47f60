// Crash points: every request of every path, before and after it acts, and every step of writing the journal.
import { isWrite, type Kind, NO_STRACE, type Survey, signalAt, traced } from "./kind.ts";
import { isIpam, type Path } from "./path.ts";
import type { Expectation, Injection } from "./play.ts";

const LATER: Expectation = { outcomes: ["later"] };
const RECONCILED: Expectation = { outcomes: ["later", "reconciled"], mayNeedReconcile: true };

export const CRASHES: readonly Kind[] = [
  {
    ...{ family: "crash", name: "killed at a request that then never acts", hasBothEnds: true },
    how: "SIGKILL when the request arrives; the API drops it",
    // After this answer the driver waits at least a tenth of a second, and the signal is there first.
    injections: (_path, { calls }) =>
      calls.map((call, index) => signalAt("SIGKILL", call, index, { kind: "status", status: 503 })),
    expected: () => LATER,
  },
  {
    ...{ family: "crash", name: "killed after a request acted, before its answer", hasBothEnds: true },
    how: "SIGKILL once the account has changed; the answer is lost",
    injections: (_path, { calls }) =>
      calls.map((call, index) => signalAt("SIGKILL", call, index, { kind: "hold", when: "after" })),
    expected: () => LATER,
  },
  {
    ...{ family: "crash", name: "killed at a request that acts only after the next action" },
    how: "SIGKILL when the request arrives; the API acts on it when the next action is over",
    // A late detach takes a hand-written range's address away, and no reconcile knows of such a range.
    injections: ({ name }, { calls }) =>
      calls.flatMap((call, index) =>
        isWrite(call) && !(call === "detach" && name.startsWith("post, taking over hand-written"))
          ? [signalAt("SIGKILL", call, index, { kind: "hold", when: "before" }, "liftLate")]
          : [],
      ),
    expected: () => RECONCILED,
  },
  journalKind("killed before it takes the journal's lock", "mkdir", 2, 2),
  journalKind("killed while it writes the journal", "fsync", 1, 2),
  journalKind("killed before it renames the journal", "rename", 1, 1),
  journalKind("killed after it renamed the journal, holding the lock", "fsync", 2, 2),
  journalKind("killed before it gives back the journal's lock", "rmdir", 1, 1),
  {
    ...{ family: "crash", name: "killed between its last write and its exit", skipped: NO_STRACE },
    how: "strace kills it at exit_group",
    injections: (path) => (isIpam(path) ? [underStrace("exit_group", 1)] : []),
    expected: ofJournal,
  },
  {
    ...{ family: "crash", name: "killed at any moment" },
    how: "SIGKILL after 40, 80, … 200 ms",
    injections: ({ isCore }) => (isCore ? [40, 80, 120, 160, 200].map((ms) => atMoment(ms)) : []),
    expected: () => ({ ...RECONCILED, outcomes: ["later", "done", "reconciled"] }),
  },
];

/** One kind for one system call of writing the journal: its `first` time in each write, of `each` times. */
function journalKind(name: string, call: string, first: number, each: number): Kind {
  return {
    ...{ family: "crash", name, how: `strace kills it at ${call}`, skipped: NO_STRACE },
    injections: (path, survey) => journalWrites(path, survey).map((write) => underStrace(call, first + write * each)),
    expected: ofJournal,
  };
}

/** The numbers of an IPAM action's writes of the journal, from 0. */
export function journalWrites(path: Path, survey: Survey): number[] {
  return isIpam(path) ? Array.from({ length: survey.journalWrites }, (_, index) => index) : [];
}

// The one instant that the journal cannot cover: the intent is closed, and oned has not seen exit 0.
function ofJournal({ action }: Path): Expectation {
  return action === "register_address_range" ? RECONCILED : LATER;
}

function underStrace(call: string, when: number): Injection {
  return {
    point: `${call} ${when}`,
    inject: ({ rig }) => ({
      how: traced(rig, `-e trace=${call} -e inject=${call}:signal=KILL:when=${when}`),
      hasStruck: ({ signal }) => signal === "SIGKILL",
    }),
  };
}

function atMoment(ms: number): Injection {
  return {
    point: `after ${ms} ms`,
    inject: () => ({ how: { started: (child) => void setTimeout(() => child.kill("SIGKILL"), ms) } }),
  };
}
