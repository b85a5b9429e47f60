// Notes one lease in a journal, as another process would.
import { openLog } from "../../driver/log.ts";
import { Journal } from "../../driver/state/journal.ts";

const [file = "", address = ""] = process.argv.slice(2);
const journal = new Journal(file, openLog({ level: "error", file: "/dev/null", context: {} }));
await journal.update((state) => {
  state.leases[address] = { flexibleIpId: "other", since: "" };
});
