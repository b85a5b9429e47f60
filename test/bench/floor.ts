// The floor: the same Node, stripped and packed in the same way, with nothing to do. Packed in a process of its own: what
// packs is large, and a large process starts others slowly.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const OUT = "dist/bench/floor";

/** Packs it into `dist`, and returns where. */
export function packFloor(): string {
  execFileSync(process.execPath, [import.meta.filename], { stdio: ["ignore", "ignore", "inherit"] });
  return resolve(OUT);
}

if (process.argv[1] === import.meta.filename) {
  const { pack } = await import("../../build/pack.ts");
  mkdirSync("dist/bench", { recursive: true });
  rmSync(OUT, { force: true });
  writeFileSync("dist/empty.cjs", "");
  await pack({ node: "dist/node", main: "dist/empty.cjs", flags: [], assets: {}, out: OUT });
}
