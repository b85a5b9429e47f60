// Plays the whole life of two addresses with the built executable. Exit code 1: something was not as expected.
import { LIFE } from "./demo/life.ts";
import { show } from "./demo/show.ts";

// The exit clears away what is under way.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
process.stdout.once("error", () => process.exit(1));

process.exitCode = (await show(LIFE, process.stdout)) ? 0 : 1;
