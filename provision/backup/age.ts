// Encryption with age: the recipient's public key encrypts, and only the identity file decrypts.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Encrypts for the recipient. */
export function encrypt(content: Uint8Array, recipient: string): Uint8Array<ArrayBuffer> {
  return age(["--encrypt", "--recipient", recipient], content, "encrypt");
}

/** Decrypts with the identity file, which only the operator has. */
export function decrypt(content: Uint8Array, identityFile: string): Uint8Array<ArrayBuffer> {
  if (!existsSync(identityFile))
    throw new Error(`the identity file ${identityFile} is not there; BACKUP_IDENTITY names the file of age-keygen`);
  return age(["--decrypt", "--identity", identityFile], content, "decrypt");
}

function age(args: readonly string[], input: Uint8Array, what: string): Uint8Array<ArrayBuffer> {
  const { status, stdout, stderr, error } = spawnSync("age", args, { input, maxBuffer: 2 ** 31 - 1 });
  if (status === 0) return new Uint8Array(stdout);
  if (error !== undefined && "code" in error && error.code === "ENOENT")
    throw new Error("age is not installed; run: sudo apt install age");
  throw new Error(`age cannot ${what}: ${error?.message ?? stderr.toString().trim().split("\n")[0]}`);
}
