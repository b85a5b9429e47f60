// One plain look at the API beside the driver's own client: its clock, how long it takes, and other products' reads.
import type { Config } from "../config.ts";
import { ApiError, messageOf } from "../errors.ts";

const TIMEOUT_MS = 10_000;

export type Look = {
  readonly status: number;
  readonly body: unknown;
  readonly durationMs: number;
  /** The API's clock less ours; undefined when it did not say. */
  readonly clockOffsetMs: number | undefined;
};

/** Reads a path of the API. Redirects are not followed, so that the token stays where it belongs. */
export async function look(config: Config, token: string, userAgent: string, path: string): Promise<Look> {
  const start = performance.now();
  try {
    const answer = await fetch(config.apiUrl.replace(/\/$/, "") + path, {
      headers: { "x-auth-token": token, "user-agent": userAgent, accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    const date = Date.parse(answer.headers.get("date") ?? "");
    return {
      status: answer.status,
      body: parse(text),
      durationMs: Math.round(performance.now() - start),
      clockOffsetMs: Number.isNaN(date) ? undefined : date - Date.now(),
    };
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
    throw new ApiError(`${config.apiUrl} cannot be reached: ${reason}`, "check the network and API_URL", { cause });
  }
}

/** The smallest read of the project's flexible IPs. */
export function listPath(config: Config): string {
  const query = new URLSearchParams({ project_id: config.projectId, page_size: "1" });
  return `/flexible-ip/v1alpha1/zones/${config.zone}/fips?${query}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
