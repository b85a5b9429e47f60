// What an action leaves behind on this machine and on test hosts.
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestHost } from "./host.ts";

/** Every command line on this machine, hosts' included, again and again. */
export function watchProcesses(): [Set<string>, NodeJS.Timeout] {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      for (const file of ["cmdline", "environ"]) {
        try {
          seen.add(readFileSync(`/proc/${pid}/${file}`, "utf8"));
        } catch {
          // It ended meanwhile.
        }
      }
    }
  };
  return [seen, setInterval(look, 25)];
}

/** Each file with its mode, owner, time of change and content. */
export function snapshot(hosts: readonly TestHost[]): Record<string, string> {
  const entries = hosts.flatMap(({ root, target }) =>
    ["etc", "var", "home"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const { mode, uid, mtimeMs, size } = lstatSync(path);
        const stamp = entry.isFile() ? `${mtimeMs} ${size}` : "";
        return [`${target.name}:${path.slice(root.length)}`, `${mode} ${uid} ${stamp}`];
      }),
    ),
  );
  // What only looking at networks leaves behind.
  return Object.fromEntries(entries.filter(([path]) => !path?.endsWith("onevnet.log")));
}

/** Without the copy of the tree, which onehost sync writes again on every host. */
export function withoutTree(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.includes(":/var/tmp/one")));
}
