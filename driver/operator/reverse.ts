// The reverse DNS of an address: shown, set, cleared.
import { RefusedError, UsageError } from "../errors.ts";
import { changed } from "../flexible-ip/log-fields.ts";
import { cloudOf } from "../flexible-ip/ownership.ts";
import { EXIT } from "./exit.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { isNamed } from "./show.ts";
import { readFlexibleIps, withPorts } from "./survey.ts";

const CHANGE_MS = 60_000;

export async function reverse(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  const { terminal, options } = operator;
  const [wanted = "", name] = operator.words;
  const isCleared = options.has("clear");
  if (isCleared && name !== undefined) throw new UsageError("a name and --clear: give one");
  if (name !== undefined && !/^(?=.{4,254}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*\.?$/i.test(name)) {
    throw new UsageError(`reverse ${wanted}: ${name} is not a full host name such as mail.example.org`);
  }
  const config = configOf(operator);
  const all = await readFlexibleIps(operator, config);
  const found = all.find((one) => isNamed(one, wanted));
  if (found === undefined || cloudOf(found) !== config.cloud) {
    throw new RefusedError(`no address or flexible IP ${wanted} of this cloud; see scw-flexip list`);
  }
  terminal.progress("");
  if (name === undefined && !isCleared) {
    terminal.print(`${found.reverse ?? "-"}\n`);
    return EXIT.done;
  }
  await withPorts(operator, config, CHANGE_MS, async ({ api, log }) => {
    const before = found.reverse ?? "none";
    const after = (await api.update(found.id, { reverse: name ?? "" })).reverse ?? "none";
    const line = `reverse of ${found.address}: was ${before}, is ${after}`;
    log.info(line, changed(api, "reverse", found, before, after));
    terminal.note(line);
  });
  return EXIT.done;
}
