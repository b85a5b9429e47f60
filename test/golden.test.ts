// Every case in fixtures/ipam and fixtures/bridge: what oned or the network driver sends, the account that it meets, and
// what must come of both. GOLDEN=write writes what came of each case into its file.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { PASSWORD } from "./documents.ts";
import { lineOf } from "./golden/account-lines.ts";
import { type Case, type Expected, readCase, writeExpected } from "./golden/case-file.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { PROJECT, REPOSITORY, type RunResult } from "./rig.ts";

const isWriting = process.env.GOLDEN === "write";
const HOST_NAMES = ["here", "elsewhere"] as const;

type Run = (rig: InProcessRig, document: string) => Promise<RunResult>;

for (const action of IPAM_ACTIONS) playAll(`ipam/${action}`, (rig, document) => rig.ipam(action, document));
for (const hook of HOOKS) playAll(`bridge/${hook}`, (rig, document) => rig.hook("here", hook, document));

test("every folder of cases belongs to an action or a hook", () => {
  assert.deepEqual(casesOf("ipam"), [...IPAM_ACTIONS].sort());
  assert.deepEqual(casesOf("bridge"), [...HOOKS].sort());
});

function playAll(folder: string, run: Run): void {
  suite(`golden answers in ${folder}`, { concurrency: 4 }, () => {
    for (const name of casesOf(folder)) test(name, () => play(`${folder}/${name}`, run));
  });
}

function casesOf(folder: string): string[] {
  return readdirSync(join(REPOSITORY, "fixtures", folder))
    .map((name) => name.replace(/\.txt$/, ""))
    .sort();
}

async function play(name: string, run: Run): Promise<void> {
  const given = readCase(name);
  // What is under way when the driver starts stays so until the driver waits: only then time moves.
  const rig = await InProcessRig.start();
  try {
    furnish(rig, given);
    const before = accountText(rig, given);
    const result = await run(rig, given.document);
    await rig.settled();
    checkManners(rig, result);
    const outcome = outcomeOf(rig, given, result);
    // An IPAM case has the account only where the action changed it; a hook's answer is the account.
    const isHook = name.startsWith("bridge/");
    if (isHook && outcome.answer === "") delete outcome.answer;
    if (!isHook && outcome["account after"] === before) delete outcome["account after"];
    if (isWriting) writeExpected(name, outcome);
    else assert.deepEqual(outcome, given.expected);
  } finally {
    await rig.stop();
  }
}

function furnish(rig: InProcessRig, { flexibleIps, quota, isTokenRefused }: Case): void {
  const { account } = rig.simulator;
  for (const { at, project, ...flexibleIp } of flexibleIps) {
    const serverId = at === undefined ? null : rig.host(at).serverId;
    account.add({ ...flexibleIp, projectId: project ?? PROJECT, serverId });
  }
  if (quota !== undefined) account.limits.perProject = quota;
  if (isTokenRefused) account.deny();
}

/** What holds for every run, whatever it is about. */
function checkManners(rig: InProcessRig, { code, stdout, stderr, plain }: RunResult): void {
  assert.ok(code === 0 || code === 1, `exit code ${code}: ${stderr}`);
  assert.equal(plain.length, code, stderr);
  for (const secret of [PASSWORD, rig.simulator.token]) {
    assert.ok(![stdout, stderr, rig.logs()].some((text) => text.includes(secret)), "a secret in the output or a log");
  }
}

function outcomeOf(rig: InProcessRig, given: Case, { code, stdout, plain }: RunResult): Expected {
  const steady = (text: string): string => withStableNames(rig, given, text);
  return {
    // What was answered before a failure is read by nobody.
    ...(code === 0 ? { answer: steady(stdout) } : { failure: steady(`${plain.join("\n")}\n`) }),
    "account after": accountText(rig, given),
  };
}

/** All flexible IPs as a case writes them, by address. */
function accountText(rig: InProcessRig, given: Case): string {
  const lines = rig.simulator.account.all().map((wire) => {
    const at = HOST_NAMES.find((name) => rig.host(name).serverId === wire.server_id);
    const line = lineOf({
      ip: wire.ip_address,
      id: wire.id,
      status: wire.status,
      at,
      mac: wire.mac_address?.mac_address ?? null,
      project: wire.project_id === PROJECT ? undefined : wire.project_id,
      tags: wire.tags.map((tag) => withStableNames(rig, given, tag)),
      description: wire.description,
    });
    return `${line}\n`;
  });
  return lines.sort().join("");
}

/** Puts names in the place of what differs from run to run: here, elsewhere, <api>, <request>, <intent>. */
function withStableNames(rig: InProcessRig, given: Case, text: string): string {
  const seededTags = given.flexibleIps.flatMap(({ tags }) => tags);
  return text
    .replaceAll(rig.host("here").serverId, "here")
    .replaceAll(rig.host("elsewhere").serverId, "elsewhere")
    .replaceAll(rig.simulator.url, "<api>")
    .replaceAll(/\(request [0-9a-f-]{36}\)/g, "(request <request>)")
    .replaceAll(/SCW_FLEXIP_INTENT = "[0-9a-f-]{36}"/g, 'SCW_FLEXIP_INTENT = "<intent>"')
    .replaceAll(/scw-flexip:intent=[0-9a-f-]{36}/g, (tag) =>
      seededTags.includes(tag) ? tag : "scw-flexip:intent=<intent>",
    );
}
