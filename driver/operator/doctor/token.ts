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
  const file = config?.tokenFile ?? placeNamed(operator, role);
  if (file === undefined) return { token: undefined, findings: [] };
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return without(`there is no ${file}`, newToken(role));
    return config === undefined ? { token: undefined, findings: [] } : { token: readToken(config), findings: [] };
  } catch (error) {
    return without(reasonOf(error), cureOf(file, role));
  }
}

function without(why: string, cure: string): Token {
  return { token: undefined, findings: [failure("token", why, cure)] };
}

/** A key of the wrong mode or owner is still the key: Scaleway shows it only once. */
function cureOf(file: string, role: Role): string {
  try {
    const { uid, mode } = statSync(file);
    const me = process.getuid?.() ?? 0;
    if (uid !== me && me !== 0) return `chown oneadmin:oneadmin ${file}`;
    return (mode & 0o077) === 0 ? newToken(role) : `chmod 0600 ${file}`;
  } catch {
    return newToken(role);
  }
}

/** Where settings that cannot be used, but read, say that the key is. */
function placeNamed(operator: Operator, role: Role): string | undefined {
  try {
    return operator.layout.at(placeIn(readFileSync(settingsOf(operator, role), "utf8"), "TOKEN_FILE"));
  } catch {
    return undefined;
  }
}

/** How a new key is given; it is asked for. */
export function newToken(role: Role): string {
  return `scw-flexip install --${role} --token-stdin`;
}
