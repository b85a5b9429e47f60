// driver/main.ts and all it needs → two scripts with the version inside: all of it, and what the actions can reach.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

// undici's client knows HTTP/2, proxies, bodies of fetch and a parser that is on trial, of which nothing is used here.
const UNUSED = /undici\/lib\/(dispatcher\/client-h2|core\/socks5-client|milo\/.*|web\/.*)\.js$/;
// What libraries load for little, by who loads it.
const LIGHT: readonly [module: RegExp, importer: RegExp, file: string][] = [
  [/^node:http$/, /\/undici\//, "build/light/http.cjs"],
  [/^(node:)?assert$/, /\/(undici|signal-exit)\//, "build/light/assert.cjs"],
  [/^graceful-fs$/, /\/proper-lockfile\//, "build/light/graceful-fs.cjs"],
];
const lighten: Plugin = {
  name: "lighten",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: UNUSED }, () => ({
      contents: "module.exports = () => { throw new Error('left out of the bundle'); };",
    }));
    for (const [module, by, file] of LIGHT) {
      onResolve({ filter: module }, ({ importer }) => (by.test(importer) ? { path: resolve(file) } : undefined));
    }
  },
};

const common = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  charset: "ascii",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
} satisfies BuildOptions;

const main = {
  ...common,
  entryPoints: ["driver/main.ts"],
  define: { __VERSION__: JSON.stringify(version), "process.env.UNDICI_USE_MILO": '"0"' },
  // One function of what differs between the executable and the build, which runs it to see what is used (warm.ts).
  banner: { js: "(function (require, process) {" },
  footer: { js: "})" },
} satisfies BuildOptions;

const withoutCommands: Plugin = {
  name: "without-commands",
  setup({ onLoad }) {
    onLoad({ filter: /driver\/command\.ts$/ }, () => ({
      contents: "export const command = () => { throw new Error('left out of the bundle'); };",
    }));
  },
};

const { metafile } = await build({ ...main, outfile: "dist/scw-flexip.cjs", metafile: true, plugins: [lighten] });
await build({ ...main, outfile: "dist/actions.cjs", plugins: [lighten, withoutCommands] });
await build({ ...common, entryPoints: ["build/start.ts"], outfile: "dist/start.cjs" });
// What a release lists as bundled.
writeFileSync("dist/bundle.json", JSON.stringify(metafile));
