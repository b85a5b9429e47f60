// Attaching and detaching as steps that look first, because any of them may be repeated after a failure.
import { ApiError } from "../errors.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist } from "../scaleway/retry.ts";
import type { Session } from "../session.ts";
import { changed, fieldsOf } from "./log-fields.ts";
import { find } from "./presence.ts";
import { lookAgain, usable } from "./waiting.ts";

/** What to do with a flexible IP that another server has. */
export type Elsewhere = "leave" | "take";

/**
 * Attaches flexible IPs to the server and waits until they are attached. Those that another server has, perhaps only by
 * the time a call is repeated, stay there or are taken: directly where the API does that, else after a detach. `why`
 * goes into the log beside every detach. Returns all of them as they are then.
 */
export async function attachAll(
  session: Session,
  flexibleIps: readonly FlexibleIp[],
  serverId: string,
  elsewhere: Elsewhere,
  why: string,
): Promise<FlexibleIp[]> {
  const { api, log } = session;
  let current = await usableAll(session, flexibleIps);
  let mayAskDirectly = elsewhere === "take";
  const free = (): FlexibleIp[] => current.filter((one) => one.serverId === undefined);
  const taken = (): FlexibleIp[] =>
    elsewhere === "leave" ? [] : current.filter((one) => one.serverId !== undefined && one.serverId !== serverId);
  const look = async (): Promise<FlexibleIp[]> =>
    usableAll(session, await Promise.all(current.map(({ id }) => api.get(id))));
  const attach = async (some: readonly FlexibleIp[]): Promise<void> => {
    current = await merged(session, current, await byMac(some, (ids) => api.attach(ids, serverId)));
  };
  return insist(
    session,
    async () => {
      if (mayAskDirectly && taken().length > 0) {
        mayAskDirectly = false;
        for (const one of taken()) {
          log.info(`taking over ${nameOf(one)} from server ${one.serverId}: ${why}`, fieldsOf(one));
        }
        await unlessRefused(() => attach([...taken(), ...free()]));
        if (taken().length + free().length > 0) current = await look();
      }
      if (taken().length > 0) current = await merged(session, current, await detach(session, taken(), why));
      if (free().length > 0) await attach(free());
      return taken().length + free().length > 0 ? AGAIN : current;
    },
    async () => {
      current = await look();
      return AGAIN;
    },
  );
}

/** As startDetach, but waits for the end. Returns those that still exist, as they are then. */
export async function detachAll(
  session: Session,
  flexibleIps: readonly FlexibleIp[],
  why: string,
): Promise<FlexibleIp[]> {
  await startDetach(session, flexibleIps, why);
  const now = await Promise.all(flexibleIps.map((one) => lookAgain(session, one)));
  return now.filter((one) => one !== undefined);
}

/**
 * Asks for the detach of all of them, and does not wait until they are free. Those that are on another server by the
 * time a call is repeated were taken over, and stay there. `why` goes into the log.
 */
export async function startDetach(session: Session, flexibleIps: readonly FlexibleIp[], why: string): Promise<void> {
  const first = new Map(flexibleIps.map(({ id, serverId }) => [id, serverId]));
  let attached = flexibleIps.filter(isBound);
  await insist(
    session,
    async () => {
      if (attached.length > 0) await detach(session, attached, why);
    },
    async () => {
      const now = await Promise.all(attached.map((one) => find(session, one)));
      attached = now
        .filter((one) => one !== undefined)
        .filter((one) => isBound(one) && first.get(one.id) === one.serverId);
      return AGAIN;
    },
  );
}

/** Whether it is attached, and no detach is under way. */
function isBound(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.serverId !== undefined && flexibleIp.status !== "detaching";
}

async function detach(session: Session, attached: readonly FlexibleIp[], why: string): Promise<FlexibleIp[]> {
  const { api, log } = session;
  for (const one of attached) {
    log.info(`detaching ${nameOf(one)} from server ${one.serverId}: ${why}`, fieldsOf(one));
  }
  const note = (ids: readonly string[]): void => {
    for (const one of attached.filter(({ id }) => ids.includes(id))) {
      const fields = { ...fieldsOf(one), ...changed(api, "detach", one, one.serverId, undefined) };
      log.info(`asked for the detach of ${nameOf(one)}: ${why}`, fields);
    }
  };
  return byMac(attached, async (ids) => {
    try {
      const answer = await api.detach(ids);
      note(ids);
      return answer;
    } catch (error) {
      // Without an answer, the call may have been acted on all the same.
      if (!(error instanceof ApiError) || error.isAmbiguous) note(ids);
      throw error;
    }
  });
}

/** Whether the API takes an attached flexible IP directly was not recorded. A full server's refusal stands. */
async function unlessRefused(attach: () => Promise<void>): Promise<void> {
  try {
    await attach();
  } catch (error) {
    if (!(error instanceof ApiError) || error.type?.startsWith("quota")) throw error;
  }
}

function usableAll(session: Session, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  return Promise.all(flexibleIps.map((flexibleIp) => usable(session, flexibleIp)));
}

/** All of them, with what the API answered for some, once they have settled. */
function merged(
  session: Session,
  current: readonly FlexibleIp[],
  answers: readonly FlexibleIp[],
): Promise<FlexibleIp[]> {
  return usableAll(
    session,
    current.map((one) => answers.find(({ id }) => id === one.id) ?? one),
  );
}

/**
 * Makes one call for each virtual MAC, naming all flexible IPs that share it, and one for each flexible IP without a
 * MAC; all at once. Waits for all calls before it throws the first failure.
 */
async function byMac(
  flexibleIps: readonly FlexibleIp[],
  call: (ids: string[]) => Promise<FlexibleIp[]>,
): Promise<FlexibleIp[]> {
  const groups = Map.groupBy(flexibleIps, ({ mac, id }) => mac ?? id);
  const calls = [...groups.values()].map((group) => call(group.map(({ id }) => id)));
  await Promise.allSettled(calls);
  return (await Promise.all(calls)).flat();
}
