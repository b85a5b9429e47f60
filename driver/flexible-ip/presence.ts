// Whether a flexible IP is still there. A deleted one answers a read with 403 (recorded), as a bad token does.

import type { Deadline } from "../deadline.ts";
import { ApiError } from "../errors.ts";
import { type FlexibleIp, type FlexibleIpApi, isSettling } from "../scaleway/flexible-ip.ts";

const FIRST_LOOK_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** The flexible IP; undefined when it is gone, which a listing of the project has to back up. */
export async function find(api: FlexibleIpApi, id: string, projectId: string): Promise<FlexibleIp | undefined> {
  const first = await read(api, id);
  if (first !== undefined) return first;
  await api.probe(projectId);
  // The token's grant may have come between the two: only now does a refusal say that it is gone.
  return read(api, id);
}

async function read(api: FlexibleIpApi, id: string): Promise<FlexibleIp | undefined> {
  try {
    return await api.get(id);
  } catch (error) {
    if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    return undefined;
  }
}

/**
 * Waits until nothing is under way: the flexible IP as it is then, or undefined when it is gone. Looks first. Before each
 * pause `watch` hears what is waited for.
 */
export async function settled(
  api: FlexibleIpApi,
  last: FlexibleIp,
  deadline: Deadline,
  watch?: (flexibleIp: FlexibleIp) => Promise<void>,
): Promise<FlexibleIp | undefined> {
  let flexibleIp: FlexibleIp | undefined = last;
  // A lone attach settles in 2 s, the third of three in 43 s (recorded): look often at first, then every second.
  for (let pause = FIRST_LOOK_MS; flexibleIp !== undefined && isSettling(flexibleIp); pause *= 2) {
    await watch?.(flexibleIp);
    await deadline.sleep(Math.min(pause, LONGEST_PAUSE_MS));
    flexibleIp = await find(api, flexibleIp.id, flexibleIp.projectId);
  }
  return flexibleIp;
}

/** The flexible IP as it is now, once it has settled; undefined when it is gone. */
export async function lookAgain(
  api: FlexibleIpApi,
  last: FlexibleIp,
  deadline: Deadline,
  watch?: (flexibleIp: FlexibleIp) => Promise<void>,
): Promise<FlexibleIp | undefined> {
  const now = await find(api, last.id, last.projectId);
  return now && settled(api, now, deadline, watch);
}
