// Where OpenNebula keeps things: on a packaged front-end, in a self-contained one (ONE_LOCATION), below another root.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export const NAME = "scw-flexip";
export const EXECUTABLE = "ipam/scw-flexip/scw-flexip";
export const SETTINGS = "etc/ipam/scw-flexip/scw-flexip.conf";
/** Where the packages put the tree that `install` copies from. */
export const PACKAGED_REMOTES = "/usr/share/scw-flexip/remotes";

/** The two halves of the driver; one machine may have both. */
export type Role = "frontend" | "host";

export type Layout = {
  readonly root: string;
  /** The absolute path, below the root. A path that is below it already is returned as it is. */
  at(path: string): string;
  readonly isSelfContained: boolean;
  /** OpenNebula's tree on a front-end, and its copy on a host. */
  readonly remotes: string;
  readonly hostRemotes: string;
  readonly onedConf: string;
  /** Parent of the token, the server id and the state folder. */
  readonly varFolder: string;
  readonly logFolder: string;
  readonly hookLogFolder: string;
  readonly logrotate: string;
};

export function layoutOf(root: string, oneLocation: string | undefined): Layout {
  const base = resolve(root) === "/" ? "" : resolve(root);
  const at = (path: string): string => (base !== "" && path.startsWith(`${base}/`) ? path : base + path);
  const varFolder = at(oneLocation === undefined ? "/var/lib/one" : join(oneLocation, "var"));
  return {
    root: base,
    at,
    isSelfContained: oneLocation !== undefined,
    remotes: join(varFolder, "remotes"),
    hostRemotes: at("/var/tmp/one"),
    onedConf: at(oneLocation === undefined ? "/etc/one/oned.conf" : join(oneLocation, "etc/oned.conf")),
    varFolder,
    logFolder: oneLocation === undefined ? at("/var/log/one") : varFolder,
    hookLogFolder: at("/var/log/vnm"),
    logrotate: at("/etc/logrotate.d/scw-flexip"),
  };
}

/** The settings that OpenNebula's copies of the driver read on this machine: the front-end's, or a host's copy of them. */
export function settingsFile(layout: Layout, role: Role | undefined): string {
  const frontEnd = join(layout.remotes, SETTINGS);
  const host = join(layout.hostRemotes, SETTINGS);
  if (role !== undefined) return role === "host" ? host : frontEnd;
  return !existsSync(frontEnd) && existsSync(host) ? host : frontEnd;
}
