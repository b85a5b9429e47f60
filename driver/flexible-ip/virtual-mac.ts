// The virtual MAC of a flexible IP: made, deleted, shared. No such call may be repeated blindly: each step looks first.
import { ApiError } from "../errors.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist, isRetryable } from "../scaleway/retry.ts";
import type { Session } from "../session.ts";
import { changed } from "./log-fields.ts";
import { usable } from "./waiting.ts";

type MacChange = {
  readonly what: "make MAC" | "delete MAC" | "share MAC";
  readonly isDone: (flexibleIp: FlexibleIp) => boolean;
  readonly call: () => Promise<FlexibleIp | undefined>;
  /** The line for the log. */
  readonly text: (now: FlexibleIp) => string;
};

/** Makes the virtual MAC where there is none. Returns the flexible IP as it is then. */
export function makeMac(session: Session, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  return change(session, flexibleIp, {
    what: "make MAC",
    isDone: ({ mac }) => mac !== undefined,
    call: () => session.api.generateMac(flexibleIp.id),
    text: ({ mac }) => `made virtual MAC ${mac} of ${nameOf(flexibleIp)}`,
  });
}

/** Deletes the virtual MAC, for good. Returns the flexible IP as it is then. */
export function deleteMac(session: Session, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  return change(session, flexibleIp, {
    what: "delete MAC",
    isDone: ({ mac }) => mac === undefined,
    call: async () => {
      await session.api.deleteMac(flexibleIp.id);
      return undefined;
    },
    text: () => `deleted virtual MAC ${flexibleIp.mac} of ${nameOf(flexibleIp)}`,
  });
}

/** Gives a flexible IP without a virtual MAC that of the owner: possible only while one server has both. */
export async function shareMac(session: Session, flexibleIp: FlexibleIp, owner: FlexibleIp): Promise<void> {
  await change(session, flexibleIp, {
    what: "share MAC",
    isDone: ({ mac }) => mac === owner.mac,
    call: () => session.api.duplicateMac(flexibleIp.id, owner.id),
    text: () => `gave ${nameOf(flexibleIp)} the virtual MAC ${owner.mac}`,
  });
}

async function change(
  session: Session,
  before: FlexibleIp,
  { what, isDone, call, text }: MacChange,
): Promise<FlexibleIp> {
  const { api, log } = session;
  const look = async (): Promise<FlexibleIp> => usable(session, await api.get(before.id));
  let now = await usable(session, before);
  await insist(
    session,
    async () => {
      if (isDone(now)) return;
      try {
        const answer = await call();
        now = answer === undefined ? await look() : await usable(session, answer);
      } catch (error) {
        // Refused for good, perhaps because another run did it meanwhile.
        if (!(error instanceof ApiError) || isRetryable(error)) throw error;
        now = await look();
        if (!isDone(now)) throw error;
      }
      return isDone(now) ? undefined : AGAIN;
    },
    async () => {
      now = await look();
      return AGAIN;
    },
  );
  if (now.mac !== before.mac) log.info(text(now), changed(api, what, before, before.mac, now.mac));
  return now;
}
