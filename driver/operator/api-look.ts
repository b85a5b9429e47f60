// Single reads of the API beside the driver's own calls: its clock, how long it takes, and Elastic Metal servers.
import type { Config } from "../config.ts";
import { Deadline } from "../deadline.ts";
import { Http } from "../scaleway/http.ts";
import { realMachine } from "../session.ts";
import { silentLog } from "./audit.ts";

const TIMEOUT_MS = 10_000;

export type Look = {
  readonly body: unknown;
  readonly durationMs: number;
  /** The API's clock less ours; undefined when it did not say. */
  readonly clockOffsetMs: number | undefined;
};

/** Reads a path of the API once, within ten seconds. Throws ApiError or DeadlineError. */
export async function look(config: Config, token: string, userAgent: string, path: string): Promise<Look> {
  const deadline = new Deadline(TIMEOUT_MS, "reading the API was", "try again");
  const http = new Http({
    apiUrl: config.apiUrl,
    token,
    userAgent,
    deadline,
    patienceMs: 0,
    machine: realMachine,
    log: silentLog(),
  });
  const start = performance.now();
  try {
    return await http.send({
      what: "read the API",
      method: "GET",
      path,
      repeat: false,
      parse: (body, { date }) => ({
        body,
        durationMs: Math.round(performance.now() - start),
        clockOffsetMs: offsetOf(date),
      }),
    });
  } finally {
    http.close();
    deadline.clear();
  }
}

/** The smallest read of the project's flexible IPs. */
export function listPath(config: Config): string {
  const query = new URLSearchParams({ project_id: config.projectId, page_size: "1" });
  return `/flexible-ip/v1alpha1/zones/${config.zone}/fips?${query}`;
}

function offsetOf(date: string | undefined): number | undefined {
  const time = Date.parse(date ?? "");
  return Number.isNaN(time) ? undefined : time - Date.now();
}
