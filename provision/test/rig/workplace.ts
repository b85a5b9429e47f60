// An operator's machine for tests: a copy of provision/ with programs that note what make asks of them.
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROVISION = fileURLToPath(new URL("../..", import.meta.url));
const RECORDER = fileURLToPath(new URL("recorders/record", import.meta.url));
const LEFT_OUT = ["node_modules", "test", ".cloud"];

export type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type Workplace = {
  readonly provision: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sets what a program answers to these words. A text that starts with #! runs instead of the program. */
  readonly answer: (asked: string, text: string) => void;
  /** The calls since the last look. */
  readonly calls: () => string[];
  readonly make: (words: readonly string[], options?: MakeOptions) => Promise<Run>;
  readonly remove: () => void;
};

export type MakeOptions = {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
};

/** A machine on which these programs are recorders. */
export function openWorkplace(...programs: readonly string[]): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "workplace-"));
  const provision = join(folder, "provision");
  for (const name of readdirSync(PROVISION).filter((entry) => !LEFT_OUT.includes(entry))) {
    // With their times: make would install the packages again.
    cpSync(join(PROVISION, name), join(provision, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(PROVISION, "node_modules"), join(provision, "node_modules"));
  for (const name of ["driver", "remotes"]) symlinkSync(join(PROVISION, "..", name), join(folder, name));
  for (const name of ["bin", "answers"]) mkdirSync(join(folder, name));
  for (const program of programs) symlinkSync(RECORDER, join(folder, "bin", program));
  const calls = join(folder, "calls");
  const environment = { PATH: `${join(folder, "bin")}:${process.env.PATH}`, RIG: folder, HOME: folder, SHLVL: "1" };
  return {
    provision,
    environment,
    answer: (asked, text) => {
      const file = join(folder, "answers", asked.replaceAll("/", "_"));
      writeFileSync(file, text);
      chmodSync(file, text.startsWith("#!") ? 0o755 : 0o644);
    },
    calls: () => {
      const lines = existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [];
      rmSync(calls, { force: true });
      return lines;
    },
    make: (words, options = {}) =>
      run("make", ["--no-print-directory", "-C", provision, ...words], {
        ...options,
        environment: { ...environment, ...options.environment },
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a program to its end without blocking this process, because the program may ask this process's servers. */
export function run(program: string, words: readonly string[], { environment, stdin }: MakeOptions): Promise<Run> {
  const child = spawn(program, words, { env: environment });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(stdin ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...said }));
  });
}
