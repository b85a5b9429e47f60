// Takes the lock of a file, says so, and holds it until it is killed.
import { writeSync } from "node:fs";
import { withLock } from "../../driver/state/lock.ts";

const [file = ""] = process.argv.slice(2);
await withLock(file, () => {
  writeSync(1, "ready\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
