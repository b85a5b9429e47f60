// The tree that OpenNebula runs: every file there, executable, of this version, and nothing beside it that disturbs.
import { createHash } from "node:crypto";
import { constants, createReadStream, existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HOOKS } from "../../actions.ts";
import { whyNoAccess } from "../access.ts";
import { HOOK_NAME, hookFile, scripts } from "../install/tree.ts";
import { EXECUTABLE, NAME } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const VERSION_MS = 20_000;
// The beginning of a hook tells what it works on.
const HEAD_BYTES = 64 * 1024;

export async function checkTree(operator: Operator, tree: string, cure: string): Promise<Finding[]> {
  const drivers = hookDrivers(tree);
  const paths = [EXECUTABLE, ...scripts(drivers).map(({ path }) => path)];
  const missing = paths.filter((path) => !existsSync(join(tree, path)));
  if (missing.length > 0) {
    const isAll = missing.length === paths.length;
    return [failure("files", isAll ? `the driver is not in ${tree}` : `not in ${tree}: ${missing.join(", ")}`, cure)];
  }
  const notExecutable = paths.map((path) => join(tree, path)).filter((file) => !isExecutable(file));
  if (notExecutable.length > 0) {
    return [failure("files", `not executable: ${notExecutable.join(", ")}`, `chmod 0755 ${notExecutable.join(" ")}`)];
  }
  return [
    checkScripts(operator, tree, drivers, cure),
    ...(await checkExecutable(operator, tree, cure)),
    ...otherHooks(tree, drivers),
  ];
}

/** The network drivers that have our hooks in this tree. */
export function hookDrivers(tree: string): string[] {
  return ["bridge", "fw"].filter((driver) => driver === "bridge" || existsSync(join(tree, hookFile(driver, "pre"))));
}

/** Compares the scripts with those beside the program that runs: the package's, unless it is this very tree. */
function checkScripts({ caller }: Operator, tree: string, drivers: readonly string[], cure: string): Finding {
  const source = join(dirname(caller.executable), "../..");
  const all = scripts(drivers);
  const changed = all.filter(({ path, source: from }) => {
    const original = join(source, from);
    return existsSync(original) && !readFileSync(original).equals(readFileSync(join(tree, path)));
  });
  if (changed.length > 0) {
    const names = changed.map(({ path }) => path).join(", ");
    return failure("files", `not as they came with this version: ${names}`, cure);
  }
  const hash = createHash("sha256");
  for (const { path } of all) hash.update(`${path}\n`).update(readFileSync(join(tree, path)));
  return ok("files", `${all.length + 1} files in ${tree}, hooks for ${drivers.join(", ")}`, hash.digest("hex"));
}

async function checkExecutable({ caller, environment }: Operator, tree: string, cure: string): Promise<Finding[]> {
  const file = join(tree, EXECUTABLE);
  const { code, stdout, complaint } = await runProgram(file, ["--version"], { environment, timeoutMs: VERSION_MS });
  if (code !== 0) return [failure("executable", `${file} does not run: ${complaint}`, cure)];
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const [found, own] = [stdout.trim(), `${NAME} ${caller.version}`];
  const version = found.split(" ")[1] ?? "";
  return [
    ok("executable", `${file} runs`, hash.digest("hex")),
    found === own
      ? ok("version", found, version)
      : warning("version", `${file} is ${found}, this is ${own}`, cure, version),
  ];
}

/** What else is in the hook folders: the network driver runs every file with the x bit, whatever its name. */
function otherHooks(tree: string, drivers: readonly string[]): Finding[] {
  const folders = drivers.flatMap((driver) => HOOKS.map((hook) => join(tree, `vnm/${driver}/${hook}.d`)));
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name !== HOOK_NAME)
      .flatMap((name) => otherHook(join(folder, name), name)),
  );
}

function otherHook(path: string, name: string): Finding[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return [failure("other-hooks", `${path} is a folder, on which the network driver fails`, `mv ${path} /root/`)];
  }
  if (!isExecutable(path)) return [];
  if (name.includes(NAME)) return [failure("other-hooks", `${path} runs beside ${HOOK_NAME}`, `rm ${path}`)];
  const head = readFileSync(path).subarray(0, HEAD_BYTES).toString("latin1");
  if (!/flexible-ip|scw-server-id/.test(head)) return [ok("other-hooks", `${path} runs too`)];
  return [failure("other-hooks", `${path} runs too, and changes flexible IPs as ours does`, `chmod -x ${path}`)];
}

/** `onehost sync` fails as a whole on one entry that it cannot read. */
export function checkRemotes(tree: string): Finding {
  const broken = unreadable(tree);
  const [first] = broken;
  if (first === undefined) return ok("remotes", `${tree} can be copied to the hosts`);
  const why = `onehost sync fails on what it cannot read: ${broken.slice(0, 5).join(", ")}`;
  const isDangling = lstatSync(first).isSymbolicLink();
  return failure("remotes", why, isDangling ? `rm ${first}` : `chown -R oneadmin:oneadmin ${first}`);
}

function unreadable(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const wanted = entry.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK;
    if (whyNoAccess(path, wanted) !== undefined) return [path];
    return entry.isDirectory() ? unreadable(path) : [];
  });
}

function isExecutable(file: string): boolean {
  return whyNoAccess(file, constants.X_OK) === undefined && (statSync(file).mode & 0o111) !== 0;
}
