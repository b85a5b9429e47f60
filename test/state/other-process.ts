// Another process at a journal: `other-process.ts WHAT FILE`. Each says a line on standard output once it is there.
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { openLog } from "../../driver/log.ts";
import { Journal } from "../../driver/state/journal.ts";
import { withLock } from "../../driver/state/lock.ts";

const [what = "", file = ""] = process.argv.slice(2);
const log = openLog({ level: "debug", file: join(dirname(file), "log"), context: {} });
const journal = new Journal(file, log);

const WORK: Record<string, () => Promise<void>> = {
  /** For each file that standard input names, a line each: adds three times one to the number in it. */
  count: async () => {
    writeSync(1, "ready\n");
    for await (const counter of createInterface(process.stdin)) {
      for (let times = 0; times < 3; times += 1) {
        await withLock(counter, () => writeFileSync(counter, String(Number(readFileSync(counter, "utf8")) + 1)));
      }
      writeSync(1, "done\n");
    }
  },
  /** Notes one lease. */
  note: () =>
    journal.update((state) => {
      state.leases["192.0.2.2"] = { flexibleIpId: "other", since: "" };
    }),
  /** Writes a large journal again and again until it is killed; the number of the round is in every entry. */
  write: async () => {
    for (let round = 1; ; round += 1) {
      await journal.update((state) => {
        for (let entry = 0; entry < 500; entry += 1) {
          state.leases[`entry-${entry}`] = { flexibleIpId: `${process.pid}-${round}`, since: "x".repeat(200) };
        }
      });
      if (round === 1) writeSync(1, "ready\n");
    }
  },
};

await WORK[what]?.();
