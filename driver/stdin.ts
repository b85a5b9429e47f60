import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { InputError } from "./errors.ts";
import { MAX_INPUT_BYTES } from "./opennebula/xml.ts";

const PATIENCE_MS = 10_000;
const CHUNK_BYTES = 64 * 1024;

/** All of standard input. Throws InputError when it is too long or does not end. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  if (readAvailable(chunks)) return Buffer.concat(chunks).toString("latin1");
  let length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const timer = setTimeout(() => {
    process.stdin.destroy(
      new InputError(`standard input did not end within ${PATIENCE_MS / 1_000} s`, "close it after the document"),
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

/**
 * Reads all that is there already, which is the whole document unless the caller is slow: loading Node's streams takes
 * longer than reading it. Returns whether that was the end, or more than the driver reads.
 */
function readAvailable(chunks: Buffer[]): boolean {
  const stat = fstatSync(0);
  if (!stat.isFile() && !stat.isFIFO()) return false;
  let file = 0;
  try {
    // Reopen the pipe: O_NONBLOCK belongs to the open file description, and others who share it must stay blocking.
    if (stat.isFIFO()) file = openSync("/proc/self/fd/0", constants.O_RDONLY | constants.O_NONBLOCK);
    for (let length = 0; length <= MAX_INPUT_BYTES; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(file, chunk);
      if (read === 0) return true;
      chunks.push(chunk.subarray(0, read));
      length += read;
    }
    return true;
  } catch {
    // Nothing there yet, or no right to reopen it: the stream goes on from here.
    return false;
  } finally {
    if (file !== 0) closeSync(file);
  }
}
