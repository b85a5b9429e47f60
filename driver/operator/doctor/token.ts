// The file with the secret key.
import { readFileSync, statSync } from "node:fs";
import { type Config, readToken } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { placeIn } from "../install/settings.ts";
import { type Operator, type Role, settingsOf } from "../operator.ts";
import { type Finding, failure } from "./finding.ts";

export type Token = { readonly token: string | undefined; readonly findings: readonly Finding[] };

/** Settings that are not valid yet are no reason to be silent about a key that is missing. */
export function checkToken(operator: Operator, role: Role, config: Config | undefined): Token {
  const file = config?.tokenFile ?? operator.layout.at(placeIn(textOf(settingsOf(operator, role)), "TOKEN_FILE"));
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined)
    return { token: undefined, findings: [failure("token", `there is no ${file}`, newToken(role))] };
  if (config === undefined) return { token: undefined, findings: [] };
  try {
    return { token: readToken(config), findings: [] };
  } catch (error) {
    const me = process.getuid?.() ?? 0;
    const isForeign = stat.uid !== me && me !== 0;
    const cure = isForeign
      ? `chown oneadmin:oneadmin ${file}`
      : isOpen(stat.mode)
        ? `chmod 0600 ${file}`
        : newToken(role);
    return { token: undefined, findings: [failure("token", reasonOf(error), cure)] };
  }
}

/** How a new key is given; it is asked for. */
export function newToken(role: Role): string {
  return `scw-flexip install --${role} --token-stdin`;
}

function isOpen(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
