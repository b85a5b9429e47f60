// One run: arguments and standard input → action → answer → exit code.
import { HOOKS, IPAM_ACTIONS } from "./actions.ts";
import { DriverError, messageOf } from "./errors.ts";
import { writeStderr } from "./log.ts";
import { readStdin } from "./stdin.ts";

declare const __VERSION__: string;

const version = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0";
const [action = "", ...rest] = process.argv.slice(2);

async function run(): Promise<void> {
  const caller = { action, version, environment: process.env, executable: process.execPath };
  const ipam = IPAM_ACTIONS.find((name) => name === action);
  if (ipam !== undefined) {
    const { runIpam } = await import("./ipam/run.ts");
    return runIpam(ipam, caller, rest[0] ?? "", await readStdin());
  }
  const hook = HOOKS.find((name) => name === action);
  if (hook !== undefined) {
    const { runHook } = await import("./bridge/run.ts");
    return runHook(hook, caller, await readStdin());
  }
  const { command } = await import("./command.ts");
  process.exitCode = await command(caller, process.argv.slice(2));
}

function fail(error: unknown): never {
  const isNamed = error instanceof DriverError;
  if (!isNamed && error instanceof Error) {
    for (const line of error.stack?.split("\n") ?? []) writeStderr(`DEBUG: ${line.trim()}`);
  }
  writeStderr(`${action}: ${isNamed ? "" : "internal error, please report it: "}${messageOf(error)}`);
  process.exit(isNamed ? 1 : 2);
}

// Idle sockets and timers are not waited for.
run().then(() => process.exit(), fail);
