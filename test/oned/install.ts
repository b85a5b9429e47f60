// The product, installed by its own command into a self-contained OpenNebula.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../rig.ts";
import type { Oned } from "./oned.ts";

// The package's own command, where there is a package: it was installed when the namespaces were entered.
const PACKAGED = "/usr/bin/scw-flexip";
const BUILT = join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
const SETTINGS = "var/remotes/etc/ipam/scw-flexip/scw-flexip.conf";

/** Installs as docs/install.md says, and edits the settings as an operator does. */
export async function installFrontEnd(
  oned: Oned,
  tokenFile: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const words = ["install", "--frontend", "--one-location", oned.location, "--token-file", tokenFile];
  const hasPackage = (process.env.PACKAGE ?? "") !== "";
  const { code, stderr } = await oned.try([hasPackage ? PACKAGED : BUILT, ...words]);
  // Exit code 3: there is no user oneadmin here.
  if (code !== 0 && code !== 3) throw new Error(`scw-flexip install --frontend ended with ${code}: ${stderr}`);
  writeSettings(oned.folder, settings);
}

/** Edits the settings in their place: the hosts' trees have links to that file. */
export function writeSettings(location: string, settings: Readonly<Record<string, string>>): void {
  const file = join(location, SETTINGS);
  const text = Object.entries(settings).reduce(
    (conf, [key, value]) => conf.replace(new RegExp(`^#?${key}=.*$`, "m"), () => `${key}="${value}"`),
    readFileSync(file, "utf8"),
  );
  writeFileSync(file, text);
}
