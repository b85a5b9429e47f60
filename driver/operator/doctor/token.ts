// The file with the secret key.
import { readFileSync, statSync } from "node:fs";
import { type Config, readToken } from "../../config.ts";
import { reasonOf } from "../../errors.ts";
import { placeIn } from "../install/settings.ts";
import { type Operator, type Role, settingsOf } from "../operator.ts";
import { type Finding, failure } from "./finding.ts";

/** Looks for the key even where the settings are not valid yet. */
export function checkToken(
  operator: Operator,
  role: Role,
  config: Config | undefined,
): { readonly token: string | undefined; readonly findings: readonly Finding[] } {
  const file = config?.tokenFile ?? placeNamed(operator, role);
  if (file === undefined) return { token: undefined, findings: [] };
  const failed = (why: string, cure: string) => ({ token: undefined, findings: [failure("token", why, cure)] });
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return failed(`there is no ${file}`, newToken(role));
  try {
    return { token: config && readToken(config), findings: [] };
  } catch (error) {
    // A key of the wrong mode or owner is still the key, and Scaleway shows it only once.
    const me = process.getuid?.() ?? 0;
    if (stat.uid !== me && me !== 0) return failed(reasonOf(error), `chown oneadmin:oneadmin ${file}`);
    return failed(reasonOf(error), (stat.mode & 0o077) === 0 ? newToken(role) : `chmod 0600 ${file}`);
  }
}

/** Where the settings say that the key is, although they are not valid. */
function placeNamed(operator: Operator, role: Role): string | undefined {
  try {
    return operator.layout.at(placeIn(readFileSync(settingsOf(operator, role), "utf8"), "TOKEN_FILE"));
  } catch {
    return undefined;
  }
}

/** The command that asks for a new key. */
export function newToken(role: Role): string {
  return `scw-flexip install --${role} --token-stdin`;
}
