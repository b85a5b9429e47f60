// The settings of one half of the driver: those below remotes on a front-end, those below /var/tmp/one on a host.
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import type { Config } from "../../config.ts";
import { messageOf, reasonOf } from "../../errors.ts";
import { SETTINGS } from "../../settings.ts";
import { configOf, type Operator, type Role, settingsOf } from "../operator.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const USUAL_GATEWAY = SETTINGS.GATEWAY.default;
export const SYNC = "sudo -u oneadmin onehost sync -f";

export type Settings = { readonly config: Config | undefined; readonly findings: readonly Finding[] };

export function checkSettings(operator: Operator, role: Role): Settings {
  const file = settingsOf(operator, role);
  const obstacle = obstacleTo(file, role);
  if (obstacle !== undefined) return { config: undefined, findings: [obstacle] };
  try {
    const config = configOf(operator, role);
    const why = `${file}: zone ${config.zone}, project ${config.projectId}, cloud ${config.cloud}`;
    return { config, findings: [ok("settings", why, hashOf(file)), ...gateway(config, editing(file, role))] };
  } catch (error) {
    return { config: undefined, findings: [failure("settings", reasonOf(error), editing(file, role))] };
  }
}

/** How the settings are changed: a host has copies of the front-end's. */
export function editing(file: string, role: Role): string {
  return role === "frontend" ? `sudoedit ${file}` : `${SYNC} (on the front-end, once its settings are right)`;
}

function obstacleTo(file: string, role: Role): Finding | undefined {
  if (!existsSync(file)) {
    return failure(
      "settings",
      `there is no ${file}`,
      role === "frontend" ? "scw-flexip install --frontend" : onFrontEnd,
    );
  }
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return failure("settings", messageOf(error), `chown oneadmin:oneadmin ${file}`);
  }
}

const onFrontEnd = `${SYNC} (on the front-end)`;

function gateway({ gateway: value }: Config, cure: string): Finding[] {
  if (value === USUAL_GATEWAY) return [];
  return [warning("gateway", `GATEWAY is ${value}, but that of every IPv4 flexible IP is ${USUAL_GATEWAY}`, cure)];
}

export function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
