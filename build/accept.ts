// Fails when a fresh process refuses the code cache: the executable would run without it, and only be slow.
import { readFileSync } from "node:fs";
import { Script } from "node:vm";

const [bundle = "", cache = ""] = process.argv.slice(2);
const { cachedDataRejected } = new Script(readFileSync(bundle, "latin1"), {
  filename: "actions.cjs",
  cachedData: readFileSync(cache),
});
if (cachedDataRejected !== false) throw new Error(`V8 does not take ${cache}`);
