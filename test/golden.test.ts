// The built executable over every case folder in fixtures/ipam and fixtures/bridge: what oned or the network driver
// sends, the account it meets, what has to come of both. GOLDEN=write writes the expected files anew.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { z } from "zod";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { PASSWORD } from "./documents.ts";
import { flexibleIpStatuses } from "./fakes/flexible-ip-record.ts";
import { PROJECT, REPOSITORY, Rig, type RunResult } from "./rig.ts";

const EXPECTED = ["answer.txt", "failure.txt", "account-after.json"] as const;
const isWriting = process.env.GOLDEN === "write";

const seed = z.strictObject({
  id: z.uuid().exactOptional(),
  ip: z.string(),
  status: z.enum(flexibleIpStatuses).exactOptional(),
  serverId: z.enum(["here", "elsewhere"]).exactOptional(),
  mac: z.string().nullable().exactOptional(),
  projectId: z.uuid().exactOptional(),
  description: z.string().exactOptional(),
  tags: z.array(z.string()).exactOptional(),
  visible: z.boolean().exactOptional(),
});
const accountFile = z.strictObject({
  flexibleIps: z.array(seed),
  /** How many flexible IPs the project may have. */
  quota: z.number().exactOptional(),
  isTokenRefused: z.boolean().exactOptional(),
});
type AccountFile = z.infer<typeof accountFile>;

/** What came of a case, as the text of its expected files; undefined: no such file. */
type Outcome = Record<(typeof EXPECTED)[number], string | undefined>;

suite("golden answers of the IPAM actions", { concurrency: 2 }, () => {
  for (const action of IPAM_ACTIONS) {
    for (const name of casesOf(`ipam/${action}`)) {
      test(`${action}: ${name}`, () =>
        play(`ipam/${action}/${name}`, "request.xml", (rig, xml) => rig.ipam(action, xml)));
    }
  }
});

suite("golden answers of the hooks", { concurrency: 2 }, () => {
  for (const hook of HOOKS) {
    for (const name of casesOf(`bridge/${hook}`)) {
      test(`${hook}: ${name}`, () =>
        play(`bridge/${hook}/${name}`, "vm.xml", (rig, xml) => rig.hook("here", hook, xml)));
    }
  }
});

test("every folder of cases belongs to an action or a hook", () => {
  assert.deepEqual(casesOf("ipam"), [...IPAM_ACTIONS].sort());
  assert.deepEqual(casesOf("bridge"), [...HOOKS].sort());
});

function casesOf(folder: string): string[] {
  return readdirSync(join(REPOSITORY, "fixtures", folder)).sort();
}

async function play(
  name: string,
  documentFile: string,
  run: (rig: Rig, document: string) => Promise<RunResult>,
): Promise<void> {
  const folder = join(REPOSITORY, "fixtures", name);
  const document = readFileSync(join(folder, documentFile), "utf8").trimEnd();
  const account = accountFile.parse(JSON.parse(readFileSync(join(folder, "account.json"), "utf8")));
  const isUnderWay = account.flexibleIps.some(({ status }) => status === "updating" || status === "detaching");
  const rig = await Rig.start(isUnderWay ? { settle: "manual" } : {});
  try {
    furnish(rig, account);
    const before = accountText(rig, account);
    const stopSettling = isUnderWay ? settleOnceSeen(rig) : () => {};
    const result = await run(rig, document);
    stopSettling();
    await rig.simulator.account.settled();
    checkManners(rig, result);
    const outcome = outcomeOf(rig, account, result);
    // An IPAM case tells the account only where the action changed it; a hook's answer is the account.
    const isHook = name.startsWith("bridge/");
    if (isHook && outcome["answer.txt"] === "") outcome["answer.txt"] = undefined;
    if (!isHook && outcome["account-after.json"] === before) outcome["account-after.json"] = undefined;
    if (isWriting) write(folder, outcome);
    assert.deepEqual(outcome, expected(folder));
  } finally {
    await rig.stop();
  }
}

function furnish(rig: Rig, { flexibleIps, quota, isTokenRefused }: AccountFile): void {
  const { account } = rig.simulator;
  for (const { serverId, ...flexibleIp } of flexibleIps) {
    const at = serverId === undefined ? {} : { serverId: rig.host(serverId).serverId };
    account.add({ projectId: PROJECT, ...flexibleIp, ...at });
  }
  if (quota !== undefined) account.limits.perProject = quota;
  if (isTokenRefused === true) account.deny();
}

/** What is under way when the driver starts stays so until it has been read once. */
function settleOnceSeen({ simulator }: Rig): () => void {
  const settleAll = (): void => simulator.account.settleAll();
  const seen = simulator.fault({ call: ["get", "list"], do: { kind: "delay", ms: 0, when: "after" } });
  let timer: NodeJS.Timeout | undefined;
  void seen.reached.then(() => {
    settleAll();
    timer = setInterval(settleAll, 10);
  });
  return () => {
    clearInterval(timer);
    settleAll();
  };
}

/** What holds for every run, whatever it is about. */
function checkManners(rig: Rig, { code, stdout, stderr, plain }: RunResult): void {
  assert.ok(code === 0 || code === 1, `exit code ${code}: ${stderr}`);
  assert.equal(plain.length, code, stderr);
  for (const secret of [PASSWORD, rig.simulator.token]) {
    assert.ok(![stdout, stderr, rig.logs()].some((text) => text.includes(secret)), "a secret in the output or a log");
  }
}

function outcomeOf(rig: Rig, account: AccountFile, { code, stdout, plain }: RunResult): Outcome {
  const steady = (text: string): string => withStableNames(rig, account, text);
  return {
    // What was answered before a failure is read by nobody.
    "answer.txt": code === 0 ? steady(stdout) : undefined,
    "failure.txt": code === 0 ? undefined : steady(`${plain.join("\n")}\n`),
    "account-after.json": accountText(rig, account),
  };
}

/** All flexible IPs as a case tells them, by address. */
function accountText(rig: Rig, account: AccountFile): string {
  const flexibleIps = rig.simulator.account.all().map((wire) => ({
    id: wire.id,
    ip: wire.ip_address,
    status: wire.status,
    ...(wire.server_id === null ? {} : { serverId: wire.server_id }),
    mac: wire.mac_address?.mac_address ?? null,
    ...(wire.project_id === PROJECT ? {} : { projectId: wire.project_id }),
    ...(wire.description === "" ? {} : { description: wire.description }),
    tags: wire.tags,
  }));
  const byAddress = flexibleIps.sort((one, other) => (one.ip < other.ip ? -1 : 1));
  return withStableNames(rig, account, `${JSON.stringify({ flexibleIps: byAddress }, null, 2)}\n`);
}

/** Puts names in the place of what differs from run to run: here, elsewhere, <api>, <request>, <intent>. */
function withStableNames(rig: Rig, account: AccountFile, text: string): string {
  const seededTags = account.flexibleIps.flatMap(({ tags }) => tags ?? []);
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

function expected(folder: string): Outcome {
  const read = (file: string): string | undefined => {
    const path = join(folder, file);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const [answer, failure, after] = EXPECTED;
  return { [answer]: read(answer), [failure]: read(failure), [after]: read(after) };
}

function write(folder: string, outcome: Outcome): void {
  for (const file of EXPECTED) {
    const text = outcome[file];
    if (text === undefined) rmSync(join(folder, file), { force: true });
    else writeFileSync(join(folder, file), text);
  }
}
