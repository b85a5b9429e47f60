// Histories on the built executable, and in this process too: every exit code, answer, plain line and flexible IP must be
// the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { suite, test } from "node:test";
import fc from "fast-check";
import { REPOSITORY } from "../rig.ts";
import { FaultyApi } from "./faulty-api.ts";
import { type HistoryResult, runHistory, runInProcess } from "./history.ts";
import type { Processes } from "./machines.ts";
import { type History, historyArbitrary, seed } from "./steps.ts";

const EXECUTABLE = join(REPOSITORY, "remotes/ipam/scw-flexip/scw-flexip");
const histories = fc.sample(historyArbitrary(true), { seed, numRuns: 8 });

suite(`histories on the built executable (SEED=${seed})`, { concurrency: 2 }, () => {
  for (const [index, history] of histories.entries()) {
    test(`history ${index} goes well, and as in this process`, async () => {
      const expected = await runInProcess(history);
      const result = await runOnExecutable(history);
      const steps = history.steps.map((step) => JSON.stringify(step)).join("\n");
      assert.deepEqual(result.complaints, [], steps);
      assert.deepEqual(comparable(result), comparable(expected), steps);
    });
  }
});

/** Without what differs from run to run: intents and ports. */
function comparable({ actions, account }: HistoryResult): string[] {
  return [...actions, ...account].map((line) =>
    line.replaceAll(/(intent\W{1,6})[0-9a-f-]{36}/gi, "$1…").replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://…"),
  );
}

async function runOnExecutable(history: History): Promise<HistoryResult> {
  const api = new FaultyApi();
  const { token, zone } = api.account;
  let kill = (): unknown => undefined;
  const server = createServer(async (request, response) => {
    const { method = "", url: target = "", headers } = request;
    const reply = api.receive({ method, target, token: String(headers["x-auth-token"]), body: await text(request) });
    if (reply.kind === "kill") kill();
    if (reply.kind === "reset") response.destroy();
    if (reply.kind === "answer") response.writeHead(reply.status, reply.headers).end(reply.text);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address !== "string");
  const processes: Processes = {
    api: { url: `http://127.0.0.1:${address.port}`, token, zone },
    run: async ({ environment }, words, document) => {
      const child = spawn(EXECUTABLE, words, { env: environment });
      kill = () => child.kill("SIGKILL");
      const closed = once(child, "close");
      // A child that is killed closes the pipe early.
      child.stdin.on("error", () => {});
      child.stdin.end(Buffer.from(document).toString("base64"));
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      const [code] = await closed;
      return { code, stdout, stderr };
    },
    command: (work) => work(),
  };
  try {
    return await runHistory(history, api, processes);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
