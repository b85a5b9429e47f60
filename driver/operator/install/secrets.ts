// The token and the server id, as the operator gives them. The token is never an argument.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { isUuid } from "../../addresses.ts";
import { ConfigError, messageOf, UsageError } from "../../errors.ts";
import type { Options } from "../options.ts";

/** The secret key from --token-file or standard input; undefined when neither is asked for. Throws ConfigError. */
export async function givenToken(options: Options): Promise<string | undefined> {
  const file = options.text("tokenFile");
  if (file !== undefined && options.has("tokenStdin")) throw new UsageError("--token-file and --token-stdin: give one");
  if (file === undefined && !options.has("tokenStdin")) return undefined;
  const source = file ?? "standard input";
  const isTyped = file === undefined && process.stdin.isTTY === true;
  const token = (isTyped ? await typed() : read(file, source)).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const next = "give the secret key of a Scaleway API key and nothing else";
    throw new ConfigError(`${source} does not hold one word`, next);
  }
  return token;
}

/** One line from the terminal, which does not show it. */
async function typed(): Promise<string> {
  // What readline would echo goes nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // Only now: from here on the terminal shows nothing of what is typed.
  process.stderr.write("secret key: ");
  try {
    // Ctrl-C and Ctrl-D end the lines.
    for await (const line of lines) return line;
    throw new ConfigError("no secret key was given", "nothing was changed");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** `zone/uuid` from --server-id. Throws UsageError. */
export function givenServerId(options: Options): string | undefined {
  const text = options.text("serverId");
  if (text === undefined) return undefined;
  const [zone = "", id = "", ...rest] = text.split("/");
  if (!/^[a-z]{2}-[a-z]{3}-\d+$/.test(zone) || !isUuid(id) || rest.length > 0) {
    throw new UsageError(`--server-id ${text}: zone/uuid of the Elastic Metal server is needed, as fr-par-2/1234…`);
  }
  return `${zone}/${id.toLowerCase()}`;
}

function read(file: string | undefined, source: string): string {
  try {
    return readFileSync(file ?? 0, "utf8");
  } catch (cause) {
    throw new ConfigError(`the token cannot be read from ${source} (${messageOf(cause)})`, "check the file", { cause });
  }
}
