// The API as this machine sees it: reach, clock, and whether it accepts the key.
import type { Config } from "../../config.ts";
import { ApiError, reasonOf } from "../../errors.ts";
import { type Look, listPath, look } from "../api-look.ts";
import type { Operator, Role } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { newToken } from "./token.ts";

const SLOW_MS = 2_000;
const CLOCK_WARNING_MS = 5_000;
const CLOCK_FAILURE_MS = 120_000;
const AGAIN = "sleep 120; scw-flexip doctor";

export async function checkApi(operator: Operator, role: Role, config: Config, token: string): Promise<Finding[]> {
  const curl = `curl -sSI ${config.apiUrl}`;
  try {
    const seen = await look(config, token, userAgentOf(operator), listPath(config));
    const time = `${config.apiUrl} answers in ${seen.durationMs} ms`;
    const reach = seen.durationMs > SLOW_MS ? warning("api", time, curl) : ok("api", time, String(seen.durationMs));
    return [reach, ...clock(seen), ok("token", "accepted")];
  } catch (error) {
    const status = error instanceof ApiError ? error.status : undefined;
    if (status === 401) return [failure("token", "the API refuses it: it was deleted, or has expired", newToken(role))];
    if (status !== 403) return [failure("api", reasonOf(error), curl)];
    const need = `its application needs ElasticMetalFullAccess in project ${config.projectId}`;
    return [failure("token", `not yet or not allowed: ${need}, and a fresh grant takes up to two minutes`, AGAIN)];
  }
}

function clock({ clockOffsetMs }: Look): Finding[] {
  if (clockOffsetMs === undefined) return [];
  const off = Math.abs(clockOffsetMs);
  const seconds = String(Math.round(clockOffsetMs / 1_000));
  // The API's date has whole seconds.
  if (off < CLOCK_WARNING_MS) return [ok("clock", "agrees with the API's", seconds)];
  const why = `is ${Math.round(off / 1_000)} s ${clockOffsetMs > 0 ? "behind" : "ahead of"} the API's`;
  const level = off < CLOCK_FAILURE_MS ? warning : failure;
  return [level("clock", why, "timedatectl set-ntp true", seconds)];
}
