// Each reader of text from outside over thousands of documents: a value or a named refusal, nothing else, and
// soon. SEED repeats a run; a failure shows the shortest document that shows it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import fc from "fast-check";
import { readConfig } from "../../driver/config.ts";
import { ConfigError, InputError } from "../../driver/errors.ts";
import { parseIpamRequest } from "../../driver/opennebula/ipam-request.ts";
import { parseVm } from "../../driver/opennebula/vm.ts";
import { folderOf } from "../rig.ts";
import { ipamInput, settingsText, vmInput } from "./documents.ts";
import { PLANTED } from "./mutations.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const GLOBALS = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

const file = join(folderOf({ after }), "settings");

suite(`readers (SEED=${seed})`, () => {
  check("an IPAM action's input", 12_000, ipamInput, InputError, (input) => {
    const { addressRange, address } = parseIpamRequest(input);
    return [...addressRange, ...address].flat();
  });
  check("a hook's input", 10_000, vmInput, InputError, (input) => {
    const { id, deployId, host, nics, pciNics } = parseVm(input);
    const fields = [...nics, ...pciNics].flatMap((nic): unknown[] => Object.values(nic));
    return [id, deployId, host, ...fields.filter((value) => typeof value !== "boolean")];
  });
  check("settings", 5_000, settingsText, ConfigError, (text) => {
    writeFileSync(file, text);
    const { timeoutMs, hookTimeoutMs, ...config } = readConfig({ SCW_FLEXIP_CONF: file }, file);
    assert.ok(timeoutMs >= 5_000 && hookTimeoutMs >= 5_000, "a time that is none");
    return Object.values(config);
  });
});

/** What is read is text or absent; what is not read is refused in one line. Both happen. */
function check(
  title: string,
  numRuns: number,
  documents: fc.Arbitrary<string>,
  refusal: typeof InputError | typeof ConfigError,
  read: (text: string) => readonly unknown[],
): void {
  const globals = (): number[] => GLOBALS.map((prototype) => Reflect.ownKeys(prototype).length);
  test(title, () => {
    const seen = { value: 0, refusal: 0 };
    const attempt = (text: string): void => {
      try {
        for (const value of read(text)) assert.ok(value === undefined || typeof value === "string");
        seen.value += 1;
      } catch (error) {
        if (!(error instanceof refusal)) throw error;
        assert.doesNotMatch(error.message, /[\p{Cc}\u2028\u2029]/u, "the message is more than one line");
        assert.ok(error.message.length <= 1_000, "the message has no end");
        assert.ok(!error.message.includes(PLANTED), "the message holds the input's text");
        seen.refusal += 1;
      }
    };
    const property = fc.property(documents, (text) => {
      const known = globals();
      const before = process.cpuUsage();
      attempt(text);
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 1_000_000, "it takes more than a second of the processor");
      assert.deepEqual(globals(), known, "a prototype was changed");
    });
    fc.assert(property, { seed, numRuns });
    assert.ok(seen.value > numRuns / 20 && seen.refusal > numRuns / 20, JSON.stringify(seen));
  });
}
