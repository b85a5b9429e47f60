// The ways to an API in this folder: the driver's HTTP layer, with a time that jumps, and a plain request.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Deadline } from "../../driver/deadline.ts";
import { ApiError } from "../../driver/errors.ts";
import type { Log } from "../../driver/log.ts";
import { Http } from "../../driver/scaleway/http.ts";
import { realMachine } from "../../driver/session.ts";
import type { Simulator } from "../fakes/flexible-ip-server.ts";
import { MovedTime } from "../in-process/moved-time.ts";

export const TOKEN = "planted-token";

export type Limits = { readonly limitMs?: number; readonly patienceMs?: number };

/** The HTTP layer below this URL, until the test ends. */
export function connect(t: TestContext, apiUrl: string, { limitMs = 30_000, patienceMs }: Limits = {}) {
  const log: string[] = [];
  const note = (text: string, fields?: unknown): void => {
    log.push(fields === undefined ? text : `${text} ${JSON.stringify(fields)}`);
  };
  const lines: Log = { debug: note, info: note, warn: note, error: note, withSecret: () => lines };
  const time = new MovedTime();
  const deadline = new Deadline(limitMs, "the test was", undefined, time.clock);
  const machine = { ...realMachine, ...time.clock, random: () => 0, connect: (origin: string) => time.connect(origin) };
  const effort = { deadline, patienceMs, log: lines, machine };
  const http = new Http({ apiUrl, token: TOKEN, userAgent: "test/1", ...effort });
  // Time moves while a call is made.
  const send = http.send.bind(http);
  http.send = (request) => time.during(send(request));
  t.after(() => {
    http.close();
    deadline.clear();
    assert.doesNotMatch(log.join("\n"), new RegExp(TOKEN));
  });
  return { http, deadline, log, time, effort };
}

/** The failure of a call, which never shows the token. */
export async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${error}`);
  assert.doesNotMatch(JSON.stringify({ ...error, message: error.message, stack: error.stack }), new RegExp(TOKEN));
  return error;
}

/** Status and body, null where there is none, of a request that no client of the API makes or checks. */
export async function ask({ url, token }: Simulator, method: string, path: string, body?: unknown) {
  const headers = { "X-Auth-Token": token };
  const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await response.text();
  const answer: unknown = text === "" ? null : JSON.parse(text);
  return { status: response.status, body: answer };
}
