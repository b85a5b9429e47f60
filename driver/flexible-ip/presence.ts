// Whether a flexible IP is still there. A deleted one answers a read with 403 (recorded), as a bad token does.
import { ApiError } from "../errors.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { Session } from "../session.ts";

/** The flexible IP; undefined when it is gone, which a listing of the project must confirm. */
export async function find(
  { api }: Pick<Session, "api">,
  { id, projectId }: Pick<FlexibleIp, "id" | "projectId">,
): Promise<FlexibleIp | undefined> {
  const first = await read(api, id);
  if (first !== undefined) return first;
  await api.probe(projectId);
  // The token's grant may have come between the two: only now does a refusal say that it is gone.
  return read(api, id);
}

async function read(api: Session["api"], id: string): Promise<FlexibleIp | undefined> {
  try {
    return await api.get(id);
  } catch (error) {
    if (!(error instanceof ApiError && error.mayBeGone)) throw error;
    return undefined;
  }
}
