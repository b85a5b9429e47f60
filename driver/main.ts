// The process that was started as scw-flexip.
import { run } from "./run.ts";

declare const __VERSION__: string;

const version = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0";
const words = process.argv.slice(2);
const caller = { action: words[0] ?? "", version, environment: process.env, executable: process.execPath };

// Idle sockets and timers are not waited for.
run(caller, words).then((exitCode) => process.exit(exitCode));
