import { InputError } from "./errors.ts";
import { MAX_INPUT_BYTES } from "./opennebula/xml.ts";

const PATIENCE_MS = 10_000;

/** All of standard input. Throws InputError when it is too long or does not end. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => {
    process.stdin.destroy(
      new InputError(`standard input did not end within ${PATIENCE_MS / 1_000} s; close it after the document`),
    );
  }, PATIENCE_MS);
  try {
    for await (const chunk of process.stdin) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_INPUT_BYTES) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString("latin1");
}
