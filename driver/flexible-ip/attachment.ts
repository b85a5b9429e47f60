// Attaching and detaching as steps that look first, so that each may be repeated after any failure.
import { ApiError, RefusedError } from "../errors.ts";
import { type FlexibleIp, type FlexibleIpApi, nameOf } from "../scaleway/flexible-ip.ts";
import { AGAIN, type Effort, insist } from "../scaleway/retry.ts";
import { find, settled } from "./presence.ts";

export type Bench = Effort & { readonly api: FlexibleIpApi };

/**
 * Attaches to the server those that are free and waits until they are. What turns out to be attached elsewhere, if only by
 * the time a call is repeated, is left there.
 */
export async function attachFree(
  bench: Bench,
  flexibleIps: readonly FlexibleIp[],
  serverId: string,
): Promise<FlexibleIp[]> {
  return move(bench, flexibleIps, serverId, () => false);
}

/** Attaches all of them to the server and waits until they are. Those attached elsewhere are detached there first. */
export async function takeOver(
  bench: Bench,
  flexibleIps: readonly FlexibleIp[],
  serverId: string,
): Promise<FlexibleIp[]> {
  return move(bench, flexibleIps, serverId, () => true);
}

/** Detaches all of them from the servers they are on and waits until they are free. */
export async function detachAll(bench: Bench, flexibleIps: readonly FlexibleIp[]): Promise<FlexibleIp[]> {
  return move(bench, flexibleIps, null, isStillThere(flexibleIps));
}

/**
 * Has all of them detached, without waiting until they are free. What is on another server by the time a call is repeated
 * was taken over, and is left there.
 */
export async function startDetach(bench: Bench, flexibleIps: readonly FlexibleIp[]): Promise<void> {
  const { api } = bench;
  const isThere = isStillThere(flexibleIps);
  let attached = flexibleIps;
  if (attached.length === 0) return;
  await insist(
    bench,
    async () => {
      await together(byMac(attached), (ids) => api.detach(ids));
    },
    async () => {
      const now = await Promise.all(attached.map((flexibleIp) => find(api, flexibleIp.id, flexibleIp.projectId)));
      attached = now
        .filter((flexibleIp) => flexibleIp !== undefined)
        .filter((flexibleIp) => isBound(flexibleIp) && isThere(flexibleIp));
      return attached.length === 0 ? undefined : AGAIN;
    },
  );
}

/** The flexible IP once it has settled; throws RefusedError when it is gone, in error or locked. */
export async function usable(bench: Bench, flexibleIp: FlexibleIp): Promise<FlexibleIp> {
  const now = await settled(bench.api, flexibleIp, bench.deadline);
  if (now === undefined) {
    throw new RefusedError(`${nameOf(flexibleIp)} is gone; remove its address range and add a new one`);
  }
  if (now.status === "error" || now.status === "locked") {
    throw new RefusedError(`${nameOf(now)} has status ${now.status}; look it up in the Scaleway console`);
  }
  return now;
}

/**
 * Calls `act` until the flexible IP is as `isDone` wants it. What may not be done twice blindly (MAC operations) is
 * looked at after each failure before it is tried again.
 */
export async function ensure(
  bench: Bench,
  flexibleIp: FlexibleIp,
  isDone: (flexibleIp: FlexibleIp) => boolean,
  act: () => Promise<unknown>,
): Promise<FlexibleIp> {
  let now = await usable(bench, flexibleIp);
  if (isDone(now)) return now;
  const look = async (): Promise<FlexibleIp | typeof AGAIN> => {
    now = await usable(bench, await bench.api.get(now.id));
    return isDone(now) ? now : AGAIN;
  };
  const attempt = async (): Promise<FlexibleIp | typeof AGAIN> => {
    try {
      const answer = await act();
      if (!isFlexibleIp(answer)) return await look();
      now = await usable(bench, answer);
      return isDone(now) ? now : AGAIN;
    } catch (error) {
      // A call of before whose answer got lost may be the reason for the refusal.
      if (error instanceof ApiError && !error.isRetryable && (await look()) !== AGAIN) return now;
      throw error;
    }
  };
  return insist(bench, attempt, look);
}

// Look, call for what is not yet where it belongs, look again. Neither call is repeated blindly: after a lost answer
// the next look tells what became of it.
async function move(
  bench: Bench,
  flexibleIps: readonly FlexibleIp[],
  target: string | null,
  mayDetach: (flexibleIp: FlexibleIp) => boolean,
): Promise<FlexibleIp[]> {
  const { api } = bench;
  let current = await Promise.all(flexibleIps.map((flexibleIp) => usable(bench, flexibleIp)));
  const astray = (): FlexibleIp[] =>
    current.filter(
      (flexibleIp) => flexibleIp.serverId !== target && (flexibleIp.serverId === null || mayDetach(flexibleIp)),
    );
  const outcome = (): FlexibleIp[] | typeof AGAIN => (astray().length === 0 ? current : AGAIN);
  if (outcome() !== AGAIN) return current;
  return insist(
    bench,
    async () => {
      const answers = await step(api, astray(), target);
      current = await Promise.all(current.map((flexibleIp) => usable(bench, answers.get(flexibleIp.id) ?? flexibleIp)));
      return outcome();
    },
    async () => {
      current = await Promise.all(current.map(async (flexibleIp) => usable(bench, await api.get(flexibleIp.id))));
      return outcome();
    },
  );
}

/** One round of calls: what is attached elsewhere is detached first, and has to settle before it is attached here. */
async function step(
  api: FlexibleIpApi,
  astray: readonly FlexibleIp[],
  target: string | null,
): Promise<Map<string, FlexibleIp>> {
  const elsewhere = astray.filter(isBound);
  const answers =
    elsewhere.length > 0 || target === null
      ? await together(byMac(elsewhere), (ids) => api.detach(ids))
      : await together(byMac(astray), (ids) => api.attach(ids, target));
  return new Map(answers.map((answer) => [answer.id, answer]));
}

function isFlexibleIp(answer: unknown): answer is FlexibleIp {
  return typeof answer === "object" && answer !== null && "serverId" in answer && "mac" in answer;
}

/** Whether a flexible IP is on the server it was on at first; another one has taken it over otherwise. */
function isStillThere(flexibleIps: readonly FlexibleIp[]): (flexibleIp: FlexibleIp) => boolean {
  const servers = new Map(flexibleIps.map(({ id, serverId }) => [id, serverId]));
  return ({ id, serverId }) => servers.get(id) === serverId;
}

function isBound(flexibleIp: FlexibleIp): boolean {
  return flexibleIp.serverId !== null && flexibleIp.status !== "detaching";
}

/** The flexible IPs that one call may name: those that share a virtual MAC. Any other stands alone. */
function byMac(flexibleIps: readonly FlexibleIp[]): string[][] {
  const groups = Map.groupBy(flexibleIps, (flexibleIp) => flexibleIp.mac ?? flexibleIp.id);
  return Array.from(groups.values(), (group) => group.map((flexibleIp) => flexibleIp.id));
}

async function together(
  calls: readonly string[][],
  call: (ids: string[]) => Promise<FlexibleIp[]>,
): Promise<FlexibleIp[]> {
  const results = await Promise.allSettled(calls.map(call));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}
