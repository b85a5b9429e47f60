// The API as this machine sees it: reach, clock, token, project, zone; on a host also which server it is.
import { networkInterfaces } from "node:os";
import { type Config, readServerId } from "../../config.ts";
import { messageOf, reasonOf } from "../../errors.ts";
import { type Look, listPath, look } from "../api-look.ts";
import type { Operator } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";
import { cureOfToken } from "./settings.ts";

const SLOW_MS = 2_000;
const CLOCK_WARNING_MS = 5_000;
const CLOCK_FAILURE_MS = 120_000;
const AGAIN = "scw-flexip doctor (once more, in two minutes)";

/** What is found, and how many flexible IPs the project has in the zone. */
export async function checkApi(
  operator: Operator,
  config: Config,
  token: string,
  role: "frontend" | "host",
): Promise<{ findings: Finding[]; count: number | undefined }> {
  let seen: Look;
  try {
    seen = await look(config, token, userAgentOf(operator), listPath(config));
  } catch (error) {
    const why = reasonOf(error);
    return { findings: [failure("api", why, `curl -sSI ${config.apiUrl}`)], count: undefined };
  }
  const time = `${config.apiUrl} answers in ${seen.durationMs} ms`;
  const reach = seen.durationMs > SLOW_MS ? warning("api", time, `curl -sSI ${config.apiUrl}`) : ok("api", time);
  const findings = [reach, ...clock(seen), tokenFinding(config, seen, role)];
  return { findings, count: seen.status === 200 ? numberIn(seen.body, "total_count") : undefined };
}

/** Whether this machine is the server that its server id file names. */
export async function checkServer(operator: Operator, config: Config, token: string): Promise<Finding> {
  const check = "server id";
  const cure = "scw-flexip install --host --server-id ZONE/UUID";
  let id: string;
  try {
    id = readServerId(config);
  } catch (error) {
    return failure(check, reasonOf(error), cure);
  }
  try {
    const path = `/baremetal/v1/zones/${config.zone}/servers/${id}`;
    const { status, body } = await look(config, token, userAgentOf(operator), path);
    if (status !== 200) {
      return warning(check, `${id} cannot be compared with this machine: the API answers ${status}`, cure);
    }
    const theirs = addressesOf(body);
    const ours = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
    if (theirs.some((address) => ours.includes(address))) return ok(check, `${id} is this machine`);
    return failure(check, `server ${id} has ${theirs.join(", ") || "no address"}, which this machine has not`, cure);
  } catch (error) {
    return warning(check, `${id} cannot be compared with this machine: ${messageOf(error)}`, cure);
  }
}

function clock({ clockOffsetMs }: Look): Finding[] {
  if (clockOffsetMs === undefined) return [];
  const off = Math.abs(clockOffsetMs);
  // The API's date has whole seconds.
  if (off < CLOCK_WARNING_MS) return [ok("clock", "agrees with the API's")];
  const why = `is ${Math.round(off / 1_000)} s ${clockOffsetMs > 0 ? "behind" : "ahead of"} the API's`;
  const cure = "timedatectl set-ntp true";
  return [off < CLOCK_FAILURE_MS ? warning("clock", why, cure) : failure("clock", why, cure)];
}

function tokenFinding(config: Config, { status, body }: Look, role: "frontend" | "host"): Finding {
  if (status === 200) {
    const count = numberIn(body, "total_count");
    return ok("token", `accepted; project ${config.projectId} has ${count} flexible IPs in ${config.zone}`);
  }
  if (status === 401) return failure("token", "the API refuses it", cureOfToken(role));
  if (status === 403) {
    const need = `its application needs ElasticMetalFullAccess in project ${config.projectId}`;
    return failure("token", `not yet or not allowed: ${need}, and a fresh grant takes up to two minutes`, AGAIN);
  }
  return warning("token", `the API answers ${status} to a listing`, AGAIN);
}

function numberIn(body: unknown, key: string): number {
  const value = typeof body === "object" && body !== null ? new Map(Object.entries(body)).get(key) : undefined;
  return typeof value === "number" ? value : 0;
}

function addressesOf(body: unknown): string[] {
  const ips: unknown = typeof body === "object" && body !== null ? new Map(Object.entries(body)).get("ips") : undefined;
  if (!Array.isArray(ips)) return [];
  return ips.flatMap((ip: unknown) => {
    const address = typeof ip === "object" && ip !== null ? new Map(Object.entries(ip)).get("address") : undefined;
    return typeof address === "string" ? [address.replace(/\/.*$/, "")] : [];
  });
}
