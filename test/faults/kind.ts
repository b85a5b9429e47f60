// What the catalogue is made of.
import type { CallName } from "../fakes/flexible-ip-server.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injection, Played } from "./play.ts";

export const FAMILIES = ["crash", "api", "machine", "tenant"] as const;
export type Family = (typeof FAMILIES)[number];

/** What a path does when nothing goes wrong. */
export type Survey = {
  readonly calls: readonly CallName[];
  /** How often it writes the journal; undefined where that cannot be told. */
  readonly journalWrites: number | undefined;
};

/** A kind of fault: how it is injected, and where in each path. */
export type Kind = {
  readonly family: Family;
  readonly name: string;
  /** How it is injected, in a few words. */
  readonly how: string;
  /** Why it cannot be played here; undefined where it can. */
  readonly skipped?: string | undefined;
  /** Whether the user may also give up instead of trying again. */
  readonly hasBothEnds?: boolean;
  injections(path: Path, survey: Survey): readonly Injection[];
  expected(path: Path): Expectation;
};

/** A kind of fault that no single action shows: what is played is its own. */
export type SceneKind = Pick<Kind, "family" | "name" | "how" | "skipped"> & {
  readonly scenes: readonly { readonly point: string; play(): Promise<Played> }[];
};

const WRITES: readonly CallName[] = [
  ...(["create", "update", "delete", "attach", "detach"] as const),
  ...(["mac.generate", "mac.duplicate", "mac.delete"] as const),
];

export function isWrite(call: CallName): boolean {
  return WRITES.includes(call);
}

export function isHook({ action }: Path): boolean {
  return action === "pre" || action === "post" || action === "clean";
}
