// One case: a document for one reader, or attributes for the writer, and what has to come of it.
import { writeFileSync } from "node:fs";
import { readConfig } from "../../driver/config.ts";
import { ConfigError, InputError } from "../../driver/errors.ts";
import { parseIpamRequest } from "../../driver/opennebula/ipam-request.ts";
import { templateOf } from "../../driver/opennebula/template.ts";
import { parseVm } from "../../driver/opennebula/vm.ts";
import { ipamText, mutated, PLANTED, packed, settingsText, templateAttributes, vmText } from "./documents.ts";
import { Random } from "./random.ts";
import { readAsOned } from "./template-reader.ts";

export const READERS = ["ipam", "vm", "settings", "template"] as const;
export type Reader = (typeof READERS)[number];

const LONGEST_MESSAGE = 1_000;
const GLOBALS = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const KNOWN = GLOBALS.map((prototype) => Reflect.ownKeys(prototype).length);

/** Whether the case ended in a value or in a refusal. Throws when it ended in anything else. */
export function runCase(reader: Reader, seed: number, file: string): "value" | "refusal" {
  const random = new Random(seed);
  const outcome = attempt(reader, random, file);
  for (const [index, prototype] of GLOBALS.entries()) {
    if (Reflect.ownKeys(prototype).length !== KNOWN[index]) throw new Error("a prototype was changed");
  }
  return outcome;
}

function attempt(reader: Reader, random: Random, file: string): "value" | "refusal" {
  switch (reader) {
    case "ipam": {
      const input = packed(mutated(ipamText(random), random), random);
      return valueOrRefusal(InputError, () => {
        const { addressRange, address } = parseIpamRequest(input);
        for (const [name, value] of [...addressRange, ...address]) texts(name, value);
      });
    }
    case "vm": {
      const input = packed(mutated(vmText(random), random), random);
      return valueOrRefusal(InputError, () => {
        const vm = parseVm(input);
        texts(vm.id, vm.deployId, ...vm.nics.flatMap(({ isAlias: _a, isMarked: _m, ...nic }) => Object.values(nic)));
      });
    }
    case "settings": {
      writeFileSync(file, settingsText(random));
      return valueOrRefusal(ConfigError, () => {
        const { logDir: _l, timeoutMs, hookTimeoutMs, ...config } = readConfig({ SCW_FLEXIP_CONF: file }, file);
        texts(...Object.values(config));
        if (!(timeoutMs >= 5_000 && hookTimeoutMs >= 5_000)) throw new Error("a time that is none");
      });
    }
    case "template":
      return writeAndRead(templateAttributes(random));
  }
}

/** What is written is read back by oned as it was meant, or it is refused. */
function writeAndRead(attributes: readonly (readonly [string, string])[]): "value" | "refusal" {
  let text = "";
  const outcome = valueOrRefusal(InputError, () => {
    text = templateOf("AR", attributes);
  });
  if (outcome === "refusal" || attributes.length === 0) return outcome;
  const read = readAsOned(text, "AR");
  if (JSON.stringify(read) !== JSON.stringify(attributes))
    throw new Error(`read back otherwise: ${JSON.stringify(text)}`);
  return outcome;
}

function valueOrRefusal(named: typeof InputError | typeof ConfigError, work: () => void): "value" | "refusal" {
  try {
    work();
    return "value";
  } catch (error) {
    if (!(error instanceof named)) throw error;
    if (/[\p{Cc}\u2028\u2029]/u.test(error.message))
      throw new Error("the message is more than one line", { cause: error });
    if (error.message.length > LONGEST_MESSAGE) throw new Error("the message has no end", { cause: error });
    if (error.message.includes(PLANTED)) throw new Error("the message holds the input's text", { cause: error });
    return "refusal";
  }
}

function texts(...values: readonly unknown[]): void {
  for (const value of values) if (typeof value !== "string") throw new Error(`no text: ${typeof value}`);
}
