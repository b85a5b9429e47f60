import type { Session } from "../session.ts";
import type { Journal } from "../state/journal.ts";

/** The session of an IPAM action. */
export type IpamSession = Session & {
  readonly journal: Journal;
  /** Writes the answer that oned reads. Throws when nobody reads it any more. */
  answer(text: string): void;
};
