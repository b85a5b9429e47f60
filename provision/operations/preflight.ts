// make preflight: prints what is missing before anything is ordered.
import { readFileSync } from "node:fs";
import { preflight } from "../preflight/preflight.ts";
import { runLocally } from "../preflight/tools.ts";
import { runOperation } from "./operation.ts";

await runOperation(async () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const count = await preflight({
    environment: process.env,
    // The environment variable PULUMI names another program, as for make.
    run: (program, args) => runLocally(program === "pulumi" ? process.env.PULUMI || program : program, args),
    sdkVersion: manifest.dependencies["@pulumi/pulumi"],
    now: new Date(),
    print: (line) => process.stdout.write(`${line}\n`),
  });
  if (count > 0) process.exitCode = 1;
});
