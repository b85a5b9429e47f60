// The settings file that is installed, and what a newer version's file has that an older one lacks.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS } from "../../settings.ts";
import type { Layout } from "../layout.ts";

/** The settings as they come, with a CLOUD of this OpenNebula's own, and the places of a self-contained one. */
export function firstSettings(template: string, layout: Layout): string {
  const place = (path: string): string => path.slice(layout.root.length);
  const cloud = proposedCloud(layout);
  const values = {
    ...(cloud === undefined ? {} : { CLOUD: cloud }),
    ...(layout.isSelfContained
      ? {
          TOKEN_FILE: place(join(layout.varFolder, ".scw-flexip.token")),
          SERVER_ID_FILE: place(join(layout.varFolder, "scw-server-id")),
          STATE_FILE: place(join(layout.varFolder, "scw-flexip/state.json")),
        }
      : {}),
  };
  return Object.entries(values).reduce(
    (text, [key, value]) => text.replace(new RegExp(`^#?${key}=.*$`, "m"), () => `${key}="${value}"`),
    template,
  );
}

/** Two OpenNebulas of one project must not share a name. An image has no machine id yet, and must not give one on. */
function proposedCloud(layout: Layout): string | undefined {
  const id = firstLine(layout.at("/etc/machine-id"));
  if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
  const host = firstLine(layout.at("/etc/hostname"))
    .split(".")[0]
    ?.replaceAll(/[^A-Za-z0-9-]/g, "")
    .slice(0, 40);
  const mark = createHash("sha256").update(`scw-flexip ${id}`).digest("hex").slice(0, 6);
  return ["one", host, mark].filter((part) => part !== undefined && part !== "").join("-");
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, "utf8").split("\n")[0]?.trim() ?? "";
  } catch {
    return "";
  }
}

/** Keys that the template knows and the file does not mention, not even in a comment. */
export function newKeys(template: string, current: string): string[] {
  const keys = (text: string): string[] =>
    [...text.matchAll(/^\s*#?\s*([A-Z][A-Z0-9_]+)\s*=/gm)].map(([, key = ""]) => key);
  const known = new Set(keys(current));
  return keys(template).filter((key) => !known.has(key));
}

/** Where a file is: as the settings say, or its usual place. */
export function placeIn(text: string, key: "TOKEN_FILE" | "SERVER_ID_FILE" | "STATE_FILE"): string {
  return settingIn(text, key) || SETTINGS[key].default;
}

/** What a key is set to, without the checks of the driver: before the first edit the file is not valid yet. */
export function settingIn(text: string, key: string): string | undefined {
  const value = new RegExp(`^\\s*${key}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'#]*))`, "m").exec(text);
  return value?.[1] ?? value?.[2] ?? value?.[3];
}
