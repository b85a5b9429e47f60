// The settings file that is installed, and what a newer version's file has that an older one lacks. Pure.
import { join } from "node:path";
import type { Layout } from "../layout.ts";

/** The settings as they come, for a self-contained OpenNebula with its own places set. */
export function firstSettings(template: string, layout: Layout): string {
  if (!layout.isSelfContained) return template;
  const place = (path: string): string => path.slice(layout.root.length);
  const values = {
    TOKEN_FILE: place(join(layout.varFolder, ".scw-flexip.token")),
    SERVER_ID_FILE: place(join(layout.varFolder, "scw-server-id")),
    STATE_FILE: place(join(layout.varFolder, "scw-flexip/state.json")),
  };
  return Object.entries(values).reduce(
    (text, [key, value]) => text.replace(new RegExp(`^#?${key}=.*$`, "m"), () => `${key}="${value}"`),
    template,
  );
}

/** Keys that the template knows and the file does not mention, not even in a comment. */
export function newKeys(template: string, current: string): string[] {
  const keys = (text: string): string[] =>
    [...text.matchAll(/^\s*#?\s*([A-Z][A-Z0-9_]+)\s*=/gm)].map(([, key = ""]) => key);
  const known = new Set(keys(current));
  return keys(template).filter((key) => !known.has(key));
}

/** What a key is set to, without the checks of the driver: before the first edit the file is not valid yet. */
export function settingIn(text: string, key: string): string | undefined {
  const value = new RegExp(`^\\s*${key}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'#]*))`, "m").exec(text);
  return value?.[1] ?? value?.[2] ?? value?.[3];
}
