// Writes a large journal, again and again until it is killed; the number of the round is in every entry.
import { writeSync } from "node:fs";
import { openLog } from "../../driver/log.ts";
import { Journal } from "../../driver/state/journal.ts";

const [file = "", logFile = ""] = process.argv.slice(2);
const journal = new Journal(file, openLog({ level: "debug", file: logFile, context: {} }));
for (let round = 1; ; round += 1) {
  await journal.update((state) => {
    for (let entry = 0; entry < 500; entry += 1) {
      state.leases[`entry-${entry}`] = { flexibleIpId: `${process.pid}-${round}`, since: "x".repeat(200) };
    }
  });
  if (round === 1) writeSync(1, "ready\n");
}
