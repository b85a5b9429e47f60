// Adds one to the number in a file, so many times, each time under its lock; a lost update shows in the number. Begins
// when standard input ends, so that several begin at once.
import { readFileSync, writeFileSync } from "node:fs";
import { withLock } from "../../driver/state/lock.ts";

const [file = "", times = "1"] = process.argv.slice(2);
process.stdout.write("ready\n");
await process.stdin.resume().toArray();
for (let count = 0; count < Number(times); count += 1) {
  await withLock(file, () => writeFileSync(file, String(Number(readFileSync(file, "utf8")) + 1)));
}
