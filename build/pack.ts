// A script and its assets into a Node, by pkg in SEA mode.
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";

// pkg's documented entry point always downloads its base; only this inner one takes a Node that is already here.
const require = createRequire(import.meta.url);
const { default: sea } = require("@yao-pkg/pkg/lib-es5/sea.js");
const { default: options } = require("@yao-pkg/pkg/lib-es5/options.js");

export type Packing = {
  readonly node: string;
  /** The first code, in `dist`. */
  readonly main: string;
  /** Of Node and V8, as on its command line. */
  readonly flags: readonly string[];
  /** Files by the name that the first code asks for. */
  readonly assets: Readonly<Record<string, string>>;
  readonly out: string;
};

/** Writes the executable `out`. The same files give the same bytes. */
export async function pack({ node, main, flags, assets, out }: Packing): Promise<void> {
  options.set({});
  // The path of the first code goes into the executable. pkg packs in a temporary folder, and takes paths from there.
  process.env.TMPDIR = resolve("dist");
  await sea(resolve(main), {
    nodePath: resolve(node),
    targets: [{ nodeRange: "node24", platform: "linux", arch: "x64", output: resolve(out) }],
    seaConfig: {
      main: `../${basename(main)}`,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // Of the first code alone, and never the same twice.
      useCodeCache: false,
      execArgv: flags,
      assets: Object.fromEntries(Object.entries(assets).map(([name, file]) => [name, resolve(file)])),
    },
  });
}
