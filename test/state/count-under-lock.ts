// For each file that standard input names, a line each: adds one to the number in it, so many times, each time under its
// lock, and says that it is done. A lost update shows in the number.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { withLock } from "../../driver/state/lock.ts";

const [times = "1"] = process.argv.slice(2);
process.stdout.write("ready\n");
for await (const file of createInterface(process.stdin)) {
  for (let count = 0; count < Number(times); count += 1) {
    await withLock(file, () => writeFileSync(file, String(Number(readFileSync(file, "utf8")) + 1)));
  }
  process.stdout.write("done\n");
}
