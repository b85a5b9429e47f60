// Plays kinds of faults on paths, a few at a time.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import { STRACE, traced } from "./crashes.ts";
import { isHook, type Kind, type SceneKind, type Survey } from "./kind.ts";
import type { Path } from "./path.ts";
import { type Injection, type Played, play } from "./play.ts";

export type Run = {
  readonly kind: Kind | SceneKind;
  /** The way through an action; empty for a scene of several. */
  readonly path: string;
  readonly point: string;
  readonly end: "retry" | "give up";
  play(): Promise<Played>;
};
export type Ran = Omit<Run, "play"> & { readonly played: Played };

/** What each path does when nothing goes wrong; throws when it does not do its work. */
export async function survey(paths: readonly Path[], atOnce: number): Promise<Map<Path, Survey>> {
  const surveys = new Map<Path, Survey>();
  await each(paths, atOnce, async (path) => {
    surveys.set(path, await surveyOf(path));
  });
  return surveys;
}

async function surveyOf(path: Path): Promise<Survey> {
  let calls: CallName[] = [];
  let journalWrites: number | undefined;
  const look: Injection = {
    point: "nowhere",
    inject: (cloud) => ({
      ...(STRACE === undefined ? {} : { how: traced(cloud, "--seccomp-bpf -e trace=rename") }),
      problems: () => {
        calls = cloud.rig.simulator.calls();
        if (STRACE !== undefined) journalWrites = count(readFileSync(join(cloud.rig.folder, "strace"), "utf8"));
        return [];
      },
    }),
  };
  const { problems } = await play(path, look, { outcomes: ["done"] });
  if (problems.length > 0) throw new Error(`${path.name} without any fault: ${problems.join("; ")}`);
  return { calls, journalWrites };
}

function count(trace: string): number {
  return trace.match(/ rename\(.* = 0$/gm)?.length ?? 0;
}

/** All that the kinds ask for. */
export function runsOf(kinds: readonly (Kind | SceneKind)[], surveys: ReadonlyMap<Path, Survey>): Run[] {
  return kinds
    .filter(({ skipped }) => skipped === undefined)
    .flatMap((kind) => ("scenes" in kind ? scenesOf(kind) : [...surveys].flatMap((known) => runsOn(kind, ...known))));
}

function scenesOf(kind: SceneKind): Run[] {
  return kind.scenes.map(({ point, play: playIt }) => ({ kind, path: "", point, end: "retry", play: playIt }));
}

function runsOn(kind: Kind, path: Path, known: Survey): Run[] {
  const ends =
    kind.hasBothEnds === true && isHook(path) && path.isCore ? (["retry", "give up"] as const) : (["retry"] as const);
  return kind.injections(path, known).flatMap((injection) =>
    ends.map((end) => ({
      ...{ kind, path: path.name, point: injection.point, end },
      play: () => play(path, injection, kind.expected(path), end),
    })),
  );
}

export async function playAll(runs: readonly Run[], atOnce: number, told: (ran: Ran) => void): Promise<Ran[]> {
  const all: Ran[] = [];
  await each(runs, atOnce, async ({ play: playIt, ...run }) => {
    const ran = { ...run, played: await playIt() };
    all.push(ran);
    told(ran);
  });
  return all;
}

async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
