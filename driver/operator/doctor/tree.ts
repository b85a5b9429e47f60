// The tree that OpenNebula runs: all files there, executable, of this version, and nothing beside them that runs too.
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { HOOKS } from "../../actions.ts";
import { HOOK_NAME, hookFile, scripts } from "../install/tree.ts";
import { EXECUTABLE, NAME } from "../layout.ts";
import type { Operator } from "../operator.ts";
import { runProgram } from "../run-program.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

const VERSION_MS = 20_000;

export async function checkTree(operator: Operator, tree: string, cure: string): Promise<Finding[]> {
  const drivers = hookDrivers(tree);
  const paths = [EXECUTABLE, ...scripts(drivers).map(({ path }) => path)];
  const files = paths.map((path) => join(tree, path));
  const missing = paths.filter((path) => !existsSync(join(tree, path)));
  const blunt = files.filter((file) => existsSync(file) && !isExecutable(file));
  if (missing.length === files.length) return [failure("files", `the driver is not in ${tree}`, cure)];
  if (missing.length > 0) return [failure("files", `not in ${tree}: ${missing.join(", ")}`, cure)];
  if (blunt.length > 0)
    return [failure("files", `not executable: ${blunt.join(", ")}`, `chmod 0755 ${blunt.join(" ")}`)];
  return [
    ok("files", `${files.length} files in ${tree}, hooks for ${drivers.join(", ")}`),
    await version(operator, tree, cure),
    ...drivers.flatMap((driver) => HOOKS.flatMap((action) => others(join(tree, `vnm/${driver}/${action}.d`)))),
  ];
}

/** The network drivers whose hooks we are, in this tree. */
export function hookDrivers(tree: string): string[] {
  return ["bridge", "fw"].filter((driver) => driver === "bridge" || existsSync(join(tree, hookFile(driver, "pre"))));
}

async function version({ caller, environment }: Operator, tree: string, cure: string): Promise<Finding> {
  const file = join(tree, EXECUTABLE);
  const { code, stdout, complaint } = await runProgram(file, ["--version"], { environment, timeoutMs: VERSION_MS });
  if (code !== 0) return failure("version", `${file} does not run: ${complaint}`, cure);
  const found = stdout.trim();
  const own = `${NAME} ${caller.version}`;
  return found === own ? ok("version", found) : warning("version", `${file} is ${found}, this is ${own}`, cure);
}

/** What else is in a hook folder: the network driver runs every file with the x bit, whatever its name. */
function others(folder: string): Finding[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name !== HOOK_NAME)
    .flatMap((name): Finding[] => {
      const path = join(folder, name);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
        return [failure("other hooks", `${path} is a folder, on which the network driver fails`, `rm -r ${path}`)];
      }
      if (!isExecutable(path)) return [];
      if (name.includes(NAME)) return [failure("other hooks", `${path} runs beside ${HOOK_NAME}`, `rm ${path}`)];
      return [ok("other hooks", `${path} runs too`)];
    });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return (statSync(file).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
