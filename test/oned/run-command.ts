// A command of the rig, run to its end.
import { spawn } from "node:child_process";

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type CommandOptions = { readonly env: Readonly<Record<string, string>>; readonly input?: string };

/** Runs it and says how it ended. */
export function tryCommand(words: readonly string[], options: CommandOptions): Promise<Ended> {
  const [program = "", ...rest] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env: options.env, stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
    );
  });
}

/** Standard output of a command that must succeed. */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(words, options);
  if (code === 0) return stdout;
  throw new Error(`${words.join(" ")} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
}
