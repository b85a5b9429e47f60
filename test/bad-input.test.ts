// What comes in wrong: the document, the address range, settings, server id. Each is refused with one line that
// names the thing, the reason and the next move, and nothing is changed at the API. What else is refused
// is in the tests of opennebula/ and in fixtures/ipam/register_address_range/refused-*.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { nic, Stage } from "./bridge/stage.ts";
import { ipamDocument, vmDocument } from "./documents.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { documentFor } from "./ipam/front-end.ts";
import type { Hook, IpamAction, RunOptions, RunResult } from "./rig.ts";

const rig = await InProcessRig.start();
after(() => rig.stop());
const { account } = rig.simulator;
const ours = new Stage(rig).range();
const range = { TYPE: "IP4", SIZE: "1", IP: ours.ip, MAC: ours.mac, SCW_FLEXIBLE_IP_ID: ours.id };

type Action = IpamAction | Hook;

const everyone: readonly Action[] = [...IPAM_ACTIONS, ...HOOKS];

suite("the document", () => {
  for (const [what, wrong, reason] of [
    ["is no base64", { options: { raw: "<VM></VM>" } }, /is not base64/],
    ["is cut", { change: (document) => document.slice(0, document.length * 0.9) }, /cut/],
    ["has another root", { change: (document) => `<A>${document}</A>` }, /does not start with <(IPAM_DRIVER|VM)/],
  ] satisfies [string, Wrong, RegExp][]) {
    test(what, () => refusedBy(everyone, wrong, /standard input /, reason));
  }
});

test("the address range has a wrong NETWORK_MASK", async () => {
  const change = (): string => ipamDocument({ TYPE: "IP4", SIZE: "1", NETWORK_MASK: "32" });
  await refusedBy(["register_address_range"], { change }, /NETWORK_MASK of the address range/, /correct it/);
});

// What a setting, a token file and a server id file may be is in config.test.ts.
suite("settings", () => {
  test("the file is missing", async () => {
    const options = { env: { SCW_FLEXIP_CONF: join(rig.folder, "none.conf") } };
    await refusedBy(everyone, { options }, /settings file .*none\.conf/, /create it/);
  });

  test("the server id is of another zone", async () => {
    const file = join(rig.folder, "no-server");
    writeFileSync(file, `fr-par-1/${ours.id}\n`);
    const words = /server id file .*no-server names zone fr-par-1, but ZONE is fr-par-2; correct/;
    await refusedBy(HOOKS, { options: { settings: { SERVER_ID_FILE: file } } }, words);
  });
});

type Wrong = {
  /** What is done to the document. */
  readonly change?: (document: string) => string;
  readonly options?: RunOptions;
};

/** Each action or hook refuses, in words that match all of `words`, and none changes the account. */
async function refusedBy(actions: readonly Action[], wrong: Wrong, ...words: readonly RegExp[]): Promise<void> {
  const before = account.all();
  rig.simulator.clearRequests();
  const areSettingsWrong = wrong.options !== undefined && wrong.options.raw === undefined;
  for (const action of actions) {
    const result = await run(action, wrong);
    if (areSettingsWrong && action === "free_address") assertFreed(result, words);
    else assertRefused(action, result, words);
  }
  assert.deepEqual(
    rig.simulator.requests.filter(({ method }) => method !== "GET"),
    [],
  );
  assert.deepEqual(account.all(), before);
}

/** Runs the action or hook on a document that it would act on, but for what is wrong. */
function run(action: Action, { change = (document) => document, options = {} }: Wrong): Promise<RunResult> {
  const hook = HOOKS.find((one) => one === action);
  if (hook !== undefined) return rig.hook("alpha", hook, change(vmDocument([nic("0", ours)])), options);
  const ipam = IPAM_ACTIONS.find((one) => one === action) ?? "register_address_range";
  return rig.ipam(ipam, change(documentFor(ipam, ipam === "register_address_range" ? {} : range)), options);
}

/**
 * Exit code 1, no answer, one line for the user, which names the next move. `clean` says that line on standard output and
 * succeeds: oned would take the end of a guest that is gone for failed.
 */
function assertRefused(action: Action, { code, stdout, plain, stderr }: RunResult, words: readonly RegExp[]): void {
  const isClean = action === "clean";
  assert.deepEqual({ code, lines: plain.length }, isClean ? { code: 0, lines: 0 } : { code: 1, lines: 1 }, stderr);
  assert.match(stdout, isClean ? /^[^\n]+\n$/ : /^$/);
  const line = isClean ? stdout.trimEnd() : (plain[0] ?? "");
  assert.ok(line.startsWith(`${action}: `), line);
  for (const word of [/; \S/, ...words]) assert.match(line, word);
}

/** A lease is freed whatever the settings are: a stuck one cannot be undone. A warning says what is wrong. */
function assertFreed({ code, stdout, plain, stderr }: RunResult, words: readonly RegExp[]): void {
  assert.deepEqual({ code, stdout, plain }, { code: 0, stdout: "", plain: [] });
  const [warning = "", ...more] = stderr.split("\n").filter((line) => line.startsWith("WARN: "));
  assert.deepEqual(more, []);
  for (const word of [/freed, but not known whether the address is still attached/, ...words]) {
    assert.match(warning, word);
  }
}
