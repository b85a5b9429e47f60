// Attaching and detaching as steps that look first, because any of them may be repeated after a failure.
import { ApiError } from "../errors.ts";
import { type FlexibleIp, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, insist } from "../scaleway/retry.ts";
import type { Session } from "../session.ts";
import { changed } from "./change.ts";
import { find, lookAgain } from "./presence.ts";
import { usable } from "./usable.ts";
import { waitingLog } from "./waiting.ts";

/** What to do with a flexible IP that another server has. */
export type Elsewhere = "leave" | "take";

/**
 * Attaches flexible IPs to the server and waits until they are. What another server has, perhaps only by the time a call
 * is repeated, is left there or taken: directly where the API does that, else it is detached there first. `why` goes into
 * the log beside every detach. Returns all of them as they are then.
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
  const attach = async (astray: readonly FlexibleIp[]): Promise<void> => {
    current = await merged(session, current, await together(byMac(astray), (ids) => api.attach(ids, serverId)));
  };
  return insist(
    session,
    async () => {
      const isAstray = (one: FlexibleIp): boolean =>
        one.serverId !== serverId && (one.serverId === undefined || elsewhere === "take");
      if (mayAskDirectly && current.some((one) => isAstray(one) && one.serverId !== undefined)) {
        mayAskDirectly = false;
        for (const one of current.filter((each) => isAstray(each) && each.serverId !== undefined)) {
          log.info(`taking over ${nameOf(one)} from server ${one.serverId}: ${why}`, fieldsOf(one));
        }
        await unlessRefused(() => attach(current.filter(isAstray)));
        if (current.some(isAstray)) current = await lookAll(session, current);
      }
      const attached = current.filter((one) => isAstray(one) && one.serverId !== undefined);
      if (attached.length > 0) current = await merged(session, current, await detach(session, attached, why));
      const free = current.filter((one) => isAstray(one) && one.serverId === undefined);
      if (free.length > 0) await attach(free);
      return current.some(isAstray) ? AGAIN : current;
    },
    async () => {
      current = await lookAll(session, current);
      return AGAIN;
    },
  );
}

/** As startDetach, but waits. Returns those that still exist, as they are then. */
export async function detachAll(
  session: Session,
  flexibleIps: readonly FlexibleIp[],
  why: string,
): Promise<FlexibleIp[]> {
  await startDetach(session, flexibleIps, why);
  const { api, deadline } = session;
  const now = await Promise.all(flexibleIps.map((one) => lookAgain(api, one, deadline, waitingLog(session))));
  return now.filter((one) => one !== undefined);
}

/**
 * Has all of them detached, without waiting until they are free. What is on another server by the time a call is repeated
 * was taken over, and is left there. `why` goes into the log.
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
      const now = await Promise.all(attached.map(({ id, projectId }) => find(session.api, id, projectId)));
      attached = now
        .filter((one) => one !== undefined)
        .filter((one) => isBound(one) && first.get(one.id) === one.serverId);
      return AGAIN;
    },
  );
}

/** What a log line tells of a flexible IP beside its text. */
export function fieldsOf(flexibleIp: FlexibleIp): {
  address: string;
  flexible_ip_id: string;
  server_id: string | null;
} {
  return { address: flexibleIp.address, flexible_ip_id: flexibleIp.id, server_id: flexibleIp.serverId ?? null };
}

/** Whether it is attached, and no detach is under way. */
function isBound(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.serverId !== undefined && flexibleIp.status !== "detaching";
}

async function detach(session: Session, attached: readonly FlexibleIp[], why: string): Promise<FlexibleIp[]> {
  for (const one of attached) {
    session.log.info(`detaching ${nameOf(one)} from server ${one.serverId}: ${why}`, fieldsOf(one));
  }
  const note = (ids: readonly string[]): void => {
    for (const one of attached.filter(({ id }) => ids.includes(id))) {
      const fields = { ...fieldsOf(one), ...changed(session.api, "detach", one, one.serverId, undefined) };
      session.log.info(`asked for the detach of ${nameOf(one)}: ${why}`, fields);
    }
  };
  return together(byMac(attached), async (ids) => {
    try {
      const answer = await session.api.detach(ids);
      note(ids);
      return answer;
    } catch (error) {
      // Without an answer, the call may have been acted on all the same.
      if (!(error instanceof ApiError) || error.isAmbiguous) note(ids);
      throw error;
    }
  });
}

/** Whether the API takes an attached flexible IP directly was not recorded. What a full server refuses stays refused. */
async function unlessRefused(attach: () => Promise<void>): Promise<void> {
  try {
    await attach();
  } catch (error) {
    if (!(error instanceof ApiError) || error.type?.startsWith("quota")) throw error;
  }
}

async function usableAll(session: Session, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  return Promise.all(flexibleIps.map((flexibleIp) => usable(session, flexibleIp)));
}

async function lookAll(session: Session, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  return Promise.all(flexibleIps.map(async ({ id }) => usable(session, await session.api.get(id))));
}

/** All of them, with what the API answered for some, once they have settled. */
async function merged(
  session: Session,
  current: readonly FlexibleIp[],
  answers: readonly FlexibleIp[],
): Promise<FlexibleIp[]> {
  const answered = new Map(answers.map((answer) => [answer.id, answer]));
  return usableAll(
    session,
    current.map((one) => answered.get(one.id) ?? one),
  );
}

/** The flexible IPs that one call may name: those that share a virtual MAC. Any other stands alone. */
function byMac(flexibleIps: readonly FlexibleIp[]): string[][] {
  const groups = Map.groupBy(flexibleIps, (flexibleIp) => flexibleIp.mac ?? flexibleIp.id);
  return Array.from(groups.values(), (group) => group.map((flexibleIp) => flexibleIp.id));
}

/** Makes the calls at once and waits for all of them before it throws the first failure. */
async function together(
  calls: readonly string[][],
  call: (ids: string[]) => Promise<FlexibleIp[]>,
): Promise<FlexibleIp[]> {
  const results = await Promise.allSettled(calls.map(call));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}
