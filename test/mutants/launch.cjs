// Runs the bundle as the packed executable does: launch.cjs EXECUTABLE WORDS...
const { readFileSync, realpathSync } = require("node:fs");
const { Script } = require("node:vm");

const [executable] = process.argv.splice(2, 1);
process.execPath = realpathSync(executable);
const bundle = readFileSync(`${__dirname}/../../dist/scw-flexip.cjs`, "latin1");
new Script(bundle, { filename: "scw-flexip.cjs" }).runInThisContext()(require, process);
