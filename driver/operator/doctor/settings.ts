// The settings of one role: those below remotes on a front-end, those below /var/tmp/one on a host.
import { createHash } from "node:crypto";
import { constants, existsSync, readFileSync } from "node:fs";
import type { Config } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { defaultOf } from "../../settings.ts";
import { whyNoAccess } from "../access.ts";
import { configOf, type Operator, type Role, settingsOf } from "../operator.ts";
import { type Finding, failure, ok, SYNC_THERE, warning } from "./finding.ts";

export function checkSettings(
  operator: Operator,
  role: Role,
): { readonly config: Config | undefined; readonly findings: readonly Finding[] } {
  const file = settingsOf(operator, role);
  const edit = editing(operator, role);
  const failed = (why: string, cure: string) => ({ config: undefined, findings: [failure("settings", why, cure)] });
  if (!existsSync(file)) {
    return failed(`there is no ${file}`, role === "frontend" ? "scw-flexip install --frontend" : SYNC_THERE);
  }
  const obstacle = whyNoAccess(file, constants.R_OK);
  if (obstacle !== undefined) return failed(obstacle, `chown oneadmin:oneadmin ${file}`);
  try {
    const config = configOf(operator, role);
    const { zone, projectId, cloud, gateway } = config;
    const hash = createHash("sha256").update(readFileSync(file)).digest("hex");
    const fine = ok("settings", `${file}: zone ${zone}, project ${projectId}, cloud ${cloud}`, hash);
    const usual = defaultOf("GATEWAY", zone);
    const why = `GATEWAY is ${gateway}, but the gateway of every IPv4 flexible IP in ${zone} is ${usual}`;
    return { config, findings: gateway === usual ? [fine] : [fine, warning("gateway", why, edit)] };
  } catch (error) {
    return failed(reasonOf(error), edit);
  }
}

/** The command that changes the settings: a host has copies of the front-end's. */
export function editing(operator: Operator, role: Role): string {
  return role === "frontend" ? `sudoedit ${settingsOf(operator, role)}` : `${SYNC_THERE}, once its settings are right`;
}
