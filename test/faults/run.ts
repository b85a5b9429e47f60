// All kinds of faults and all ways through actions and hooks, played a few at a time.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import { API_FAULTS } from "./api-faults.ts";
import { CRASHES } from "./crashes.ts";
import { FRONT_END_FAULTS } from "./front-ends.ts";
import { HOOK_PATHS } from "./hook-paths.ts";
import { IPAM_PATHS } from "./ipam-paths.ts";
import { type Kind, NO_STRACE, type Survey, traced } from "./kind.ts";
import { MACHINE_FAULTS } from "./machine.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { isHook, type Path } from "./path.ts";
import { type End, type Injection, type Played, play } from "./play.ts";
import { TENANTS } from "./tenants.ts";

export type Run = {
  readonly kind: Kind;
  readonly path: Path;
  readonly point: string;
  play(): Promise<Played>;
};
export type Ran = Omit<Run, "play"> & Played;

export const KINDS: readonly Kind[] = [
  ...CRASHES,
  ...API_FAULTS,
  ...NETWORK_FAULTS,
  ...MACHINE_FAULTS,
  ...FRONT_END_FAULTS,
  ...TENANTS,
];

export const PATHS: readonly Path[] = [...IPAM_PATHS, ...HOOK_PATHS];

/** What each path does when nothing goes wrong; throws when it does not do its work. */
export async function survey(paths: readonly Path[], atOnce: number): Promise<ReadonlyMap<Path, Survey>> {
  return new Map(await each(paths, atOnce, async (path) => [path, await surveyOf(path)] as const));
}

async function surveyOf(path: Path): Promise<Survey> {
  let calls: CallName[] = [];
  let journalWrites = 0;
  const look: Injection = {
    point: "nowhere",
    inject: ({ rig }) => ({
      how: NO_STRACE !== undefined ? {} : traced(rig, "--seccomp-bpf -e trace=rename"),
      problems: () => {
        calls = rig.simulator.calls();
        const trace = NO_STRACE !== undefined ? "" : readFileSync(join(rig.folder, "strace"), "utf8");
        journalWrites = trace.match(/ rename\(.* = 0$/gm)?.length ?? 0;
        return [];
      },
    }),
  };
  const { problems } = await play(path, look, { outcomes: ["done"] }, "retry");
  if (problems.length > 0) throw new Error(`${path.name} without any fault: ${problems.join("; ")}`);
  return { calls, journalWrites };
}

/** All that the kinds ask for. */
export function runsOf(kinds: readonly Kind[], surveys: ReadonlyMap<Path, Survey>): Run[] {
  const played = kinds.filter(({ skipped }) => skipped === undefined);
  return played.flatMap((kind) => [...surveys].flatMap(([path, known]) => runsOn(kind, path, known)));
}

function runsOn(kind: Kind, path: Path, known: Survey): Run[] {
  const ends: End[] = kind.hasBothEnds === true && isHook(path) && path.isCore ? ["retry", "give up"] : ["retry"];
  return kind.injections(path, known).flatMap((injection) =>
    ends.map((end) => ({
      ...{ kind, path, point: end === "retry" ? injection.point : `${injection.point}, given up` },
      play: () => play(path, injection, kind.expected(path), end),
    })),
  );
}

export function playAll(runs: readonly Run[], atOnce: number, told?: (ran: Ran) => void): Promise<Ran[]> {
  return each(runs, atOnce, async ({ play: playIt, ...run }) => {
    const ran = { ...run, ...(await playIt()) };
    told?.(ran);
    return ran;
  });
}

/** What came of each, in the order in which they ended. */
async function each<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const queue = items.values();
  const done: R[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) done.push(await work(item));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}
