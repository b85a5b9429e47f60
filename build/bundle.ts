// driver/main.ts and all it needs → one CommonJS file, with the version inside.
import { readFileSync, writeFileSync } from "node:fs";
import { build, type Plugin } from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

// undici's client loads what it needs for HTTP/2 and proxies at its start. Neither is ever used here, and node:http2
// alone costs a third of what a whole run may take.
const UNUSED = /undici\/lib\/(dispatcher\/client-h2|core\/socks5-client)\.js$/;
const leaveOut: Plugin = {
  name: "leave-out-unused-parts-of-undici",
  setup({ onLoad }) {
    onLoad({ filter: UNUSED }, () => ({
      contents: "module.exports = () => { throw new Error('left out of the bundle'); };",
      loader: "js",
    }));
  },
};

const { metafile } = await build({
  entryPoints: ["driver/main.ts"],
  outfile: "dist/scw-flexip.cjs",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [leaveOut],
  metafile: true,
  logLevel: "warning",
});
// What a release lists as bundled.
writeFileSync("dist/bundle.json", JSON.stringify(metafile));
