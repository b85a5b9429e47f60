// The settings, and the files that hold secrets.
import { existsSync, readFileSync } from "node:fs";
import { type Config, readToken } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { settingIn } from "../install/settings.ts";
import { configOf, type Operator, settingsOf } from "../operator.ts";
import { type Finding, failure, ok } from "./finding.ts";

export type Settings = {
  readonly config: Config | undefined;
  readonly token: string | undefined;
  readonly findings: readonly Finding[];
};

export function checkSettings(operator: Operator, role: "frontend" | "host"): Settings {
  const file = settingsOf(operator);
  const found = configOrWhy(operator);
  const config = typeof found === "string" ? undefined : found;
  const settings =
    typeof found === "string"
      ? failure("settings", found, existsSync(file) ? `sudoedit ${file}` : cureOfMissing(role))
      : ok("settings", `${file}: zone ${found.zone}, project ${found.projectId}, cloud ${found.cloud}`);
  const secret = tokenOrWhy(operator, config);
  return {
    config,
    token: secret.token,
    findings: [settings, ...(secret.why === undefined ? [] : [failure("token", secret.why, cureOfToken(role))])],
  };
}

export function cureOfToken(role: "frontend" | "host"): string {
  return `scw-flexip install --${role} --token-file FILE`;
}

function cureOfMissing(role: "frontend" | "host"): string {
  return role === "frontend" ? "scw-flexip install --frontend" : "onehost sync -f (on the front-end, as oneadmin)";
}

function configOrWhy(operator: Operator): Config | string {
  try {
    return configOf(operator);
  } catch (error) {
    return reasonOf(error);
  }
}

/** Settings that are not valid yet are no reason to be silent about a token that is missing. */
function tokenOrWhy(operator: Operator, config: Config | undefined): { token?: string; why?: string } {
  if (config === undefined) {
    const file = settingsOf(operator);
    const named = existsSync(file) ? settingIn(readFileSync(file, "utf8"), "TOKEN_FILE") : undefined;
    const path = operator.layout.at(named || "/var/lib/one/.scw-flexip.token");
    return existsSync(path) ? {} : { why: `there is no ${path}` };
  }
  try {
    return { token: readToken(config) };
  } catch (error) {
    return { why: reasonOf(error) };
  }
}
