// Each reader of text from outside over thousands of documents: a value or a named refusal, nothing else, and
// soon. SEED repeats a run; a failure shows the shortest document that shows it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import fc from "fast-check";
import { readConfig } from "../../driver/config.ts";
import { ConfigError, InputError } from "../../driver/errors.ts";
import { parseIpamRequest } from "../../driver/opennebula/ipam-request.ts";
import { parseVm } from "../../driver/opennebula/vm.ts";
import { ipamInput, settingsText, vmInput } from "./documents.ts";
import { PLANTED } from "./mutations.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const LONGEST_CASE_MS = 1_000;
const LONGEST_MESSAGE = 1_000;
const GLOBALS = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "scw-flexip-fuzz-"));
const file = join(folder, "settings");
after(() => rmSync(folder, { recursive: true }));

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
    const {
      logDir: _l,
      priceMonth: _p,
      timeoutMs,
      hookTimeoutMs,
      ...config
    } = readConfig({ SCW_FLEXIP_CONF: file }, file);
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
  test(title, () => {
    const seen = { value: 0, refusal: 0 };
    const attempt = (text: string): void => {
      try {
        for (const value of read(text)) assert.ok(value === undefined || typeof value === "string");
        seen.value += 1;
      } catch (error) {
        if (!(error instanceof refusal)) throw error;
        checkMessage(error.message);
        seen.refusal += 1;
      }
    };
    fc.assert(
      fc.property(documents, (text) => {
        const known = GLOBALS.map((prototype) => Reflect.ownKeys(prototype).length);
        const before = process.cpuUsage();
        attempt(text);
        const { user, system } = process.cpuUsage(before);
        assert.ok((user + system) / 1_000 < LONGEST_CASE_MS, "it takes too much of the processor");
        assert.deepEqual(
          known,
          GLOBALS.map((prototype) => Reflect.ownKeys(prototype).length),
          "a prototype was changed",
        );
      }),
      { seed, numRuns },
    );
    assert.ok(seen.value > numRuns / 20 && seen.refusal > numRuns / 20, JSON.stringify(seen));
  });
}

function checkMessage(message: string): void {
  assert.doesNotMatch(message, /[\p{Cc}\u2028\u2029]/u, "the message is more than one line");
  assert.ok(message.length <= LONGEST_MESSAGE, "the message has no end");
  assert.ok(!message.includes(PLANTED), "the message holds the input's text");
}
