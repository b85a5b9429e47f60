// The HTTP layer against plain servers that misbehave: what it tries again, what it never does, and when it gives up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { Deadline } from "../../driver/deadline.ts";
import { ApiError, DeadlineError } from "../../driver/errors.ts";
import type { Log } from "../../driver/log.ts";
import { FlexibleIpClient } from "../../driver/scaleway/client.ts";
import { Http, type HttpOptions, type Request } from "../../driver/scaleway/http.ts";
import { pauseMs } from "../../driver/scaleway/retry.ts";
import { realMachine } from "../../driver/session.ts";
import { MovedTime } from "../in-process/moved-time.ts";

const TOKEN = "planted-token";
const HOUR_MS = 3_600_000;
const PROJECT = "11111111-1111-4111-8111-111111111111";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An answer that fails, written by hand. */
type Failure = { readonly name: string; readonly fail: Handler };

const fine: Handler = (_request, response) => respond(response, 200, '{"is":"fine"}');
const status = (code: number, headers: Record<string, string> = {}): Failure => ({
  name: `${code}${Object.entries(headers).map((header) => ` with ${header.join(": ")}`)}`,
  fail: (_request, response) => respond(response, code, '{"message":"not now"}', headers),
});
const cut = '{"is":"fi';

const passing: readonly Failure[] = [
  { name: "a reset", fail: (request) => request.socket.resetAndDestroy() },
  { name: "a connection closed without an answer", fail: (request) => request.socket.destroy() },
  status(408),
  status(409),
  status(425),
  status(429),
  status(429, { "Retry-After": "0" }),
  status(429, { "Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT" }),
  status(429, { "Retry-After": "soon" }),
  status(500),
  status(502),
  status(503),
  status(503, { "Retry-After": "0" }),
  status(504),
  status(599),
  { name: "HTML", fail: (_request, response) => respond(response, 200, "<html>log in</html>") },
  { name: "cut JSON", fail: (_request, response) => respond(response, 200, cut) },
  {
    name: "a body cut on the way",
    fail: (_request, response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write(cut, () => response.destroy());
    },
  },
  {
    name: "a chunked body cut on the way",
    fail: (_request, response) => {
      response.writeHead(200);
      response.write(cut, () => response.destroy());
    },
  },
  {
    name: "no HTTP",
    fail: (request) => request.socket.end("SSH-2.0-OpenSSH_9.6\r\n"),
  },
];

const lasting: readonly Failure[] = [400, 401, 403, 404, 405, 410, 412, 413, 415, 422, 451, 301, 302, 304, 307].map(
  (code) => status(code),
);

suite("a request that may be repeated", { concurrency: true }, () => {
  for (const { name, fail } of passing) {
    test(`is tried again after ${name}`, async (t) => {
      const { http, requests, log } = await start(t, [fail, fail, fine]);
      assert.deepEqual(await http.send(read), { is: "fine" });
      assert.equal(requests.length, 3);
      assert.equal(retries(log).length, 2);
    });
  }

  for (const { name, fail } of lasting) {
    test(`is not tried again after ${name}`, async (t) => {
      const { http, requests } = await start(t, [fail, fine]);
      const error = await failureOf(http.send(read));
      assert.match(error.message, /^read it: \d{3} not now; |^read it: 304; /);
      assert.equal(requests.length, 1);
    });
  }

  test("is tried again on a new connection after an answer that drips longer than one try may take", async (t) => {
    const { http, requests, connections, log, time } = await start(t, [drip, fine], { limitMs: 60_000 });
    time.held = () => (requests.length === 1 ? 1 : 0);
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(requests.length, 2);
    assert.equal(connections.length, 2);
    assert.match(retries(log)[0] ?? "", /: read it: http:\S+ did not answer in time; check the network and API_URL$/);
  });

  test("is tried again after a refused connection", async (t) => {
    const port = await freePort();
    const server = createServer(fine);
    t.after(() => stop(server));
    const { http, log } = connect(t, `http://127.0.0.1:${port}`, {
      // The server is there once the first try has failed.
      onWarn: () => {
        if (!server.listening) server.listen(port, "127.0.0.1");
      },
    });
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.match(retries(log)[0] ?? "", /: read it: http:\/\/127\.0\.0\.1:\d+ refused the connection; /);
  });

  test("fails with the last reason when its patience ends before the deadline", async (t) => {
    const { http, requests } = await start(t, [status(503).fail], { patienceMs: 50 });
    assert.equal((await failureOf(http.send(read))).status, 503);
    assert.equal(requests.length, 2, "one more after the first pause, which is longer");
  });

  const asked = [
    { header: "1", warned: / in 1000 ms: / },
    { header: "1.5", warned: / in 1500 ms: / },
    { header: "2", warned: / in 2000 ms: / },
  ];
  for (const { header, warned } of asked) {
    test(`waits as long as Retry-After: ${header} asks`, async (t) => {
      const { http, log } = await start(t, [status(429, { "Retry-After": header }).fail, fine]);
      await http.send(read);
      assert.match(retries(log)[0] ?? "", warned);
    });
  }

  const tooLong = ["3600", new Date(Date.now() + HOUR_MS).toUTCString()];
  for (const header of tooLong) {
    test(`fails at once when Retry-After: ${header} is later than the deadline`, async (t) => {
      const { http, requests } = await start(t, [status(429, { "Retry-After": header }).fail], { limitMs: 60_000 });
      const error = await failureOf(http.send(read));
      assert.equal(error.status, 429);
      assert.equal(requests.length, 1);
    });
  }
});

suite("a request that may not be repeated", { concurrency: true }, () => {
  for (const { name, fail } of [...passing, ...lasting]) {
    test(`is sent once when ${name} comes`, async (t) => {
      const { http, requests } = await start(t, [fail, fine]);
      await failureOf(http.send(create));
      assert.equal(requests.length, 1);
    });
  }

  const calls: readonly { name: string; call: (api: FlexibleIpClient) => Promise<unknown> }[] = [
    { name: "create", call: (api) => api.create({ projectId: PROJECT, description: "", tags: [], isIpv6: false }) },
    { name: "generateMac", call: (api) => api.generateMac(PROJECT) },
    { name: "duplicateMac", call: (api) => api.duplicateMac(PROJECT, PROJECT) },
    { name: "deleteMac", call: (api) => api.deleteMac(PROJECT) },
    { name: "attach", call: (api) => api.attach([PROJECT], PROJECT) },
    { name: "detach", call: (api) => api.detach([PROJECT]) },
  ];
  for (const { name, call } of calls) {
    for (const failure of [status(503), status(429, { "Retry-After": "0" }), ...passing.slice(0, 1)]) {
      test(`${name} is one, also after ${failure.name}`, async (t) => {
        const { http, requests } = await start(t, [failure.fail, fine]);
        await failureOf(call(new FlexibleIpClient(http, "fr-par-2", "kvm")));
        assert.equal(requests.length, 1);
      });
    }
  }
});

suite("the deadline", { concurrency: true }, () => {
  test("ends a request that gets no answer, and all that come later", async (t) => {
    const { http, requests, deadline } = await start(t, [() => {}]);
    const waiting = http.send(create);
    await requests.first;
    deadline.abort(new DeadlineError("stopped by SIGTERM"));
    await assert.rejects(waiting, { name: "DeadlineError", message: "stopped by SIGTERM" });
    await assert.rejects(http.send(read), { name: "DeadlineError", message: "stopped by SIGTERM" });
    await assert.rejects(http.send(create), { name: "DeadlineError", message: "stopped by SIGTERM" });
    assert.equal(requests.length, 1);
  });

  test("is one for all: requests that wait for the connection end with it", async (t) => {
    const { http, requests, deadline } = await start(t, [() => {}]);
    const waiting = [http.send(read), http.send(read), http.send(read)];
    await requests.first;
    deadline.abort(new DeadlineError("over"));
    for (const outcome of await Promise.allSettled(waiting)) {
      assert.ok(outcome.status === "rejected" && outcome.reason instanceof DeadlineError);
    }
    assert.equal(requests.length, 1);
  });

  test("ends the retries, with the last failure as the reason", async (t) => {
    const { http, requests } = await start(t, [status(503).fail], { limitMs: 3_000 });
    // The pause of 1.6 s after 100, 200, 400 and 800 ms does not fit any more.
    assert.equal((await failureOf(http.send(read))).message, "read it: 503 not now; try again");
    assert.equal(requests.length, 5);
  });

  test("ends an answer that drips", async (t) => {
    const { http, requests, deadline } = await start(t, [drip]);
    const waiting = http.send(create);
    await requests.first;
    deadline.abort(new DeadlineError("over"));
    await assert.rejects(waiting, { name: "DeadlineError", message: "over" });
  });

  test("ends a connection that is never answered", async (t) => {
    // What is not accepted stays in the listener's queue.
    const silent = createTcpServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    t.after(() => void silent.close());
    await once(silent, "listening");
    const { http, deadline } = connect(t, urlOf(silent));
    const waiting = http.send(read);
    await once(silent, "connection");
    deadline.abort(new DeadlineError("over"));
    await assert.rejects(waiting, { message: "over" });
  });
});

suite("a redirect", { concurrency: true }, () => {
  for (const code of [301, 302, 303, 307, 308]) {
    test(`${code} is not followed, and the token not sent on`, async (t) => {
      const other = await start(t, [fine]);
      const { http, requests } = await start(t, [
        (_request, response) => respond(response, code, "", { Location: `${other.url}/elsewhere` }),
      ]);
      const error = await failureOf(http.send(read));
      assert.equal(error.status, code);
      assert.equal(requests.length, 1);
      assert.equal(other.requests.length, 0);
    });
  }
});

suite("a large answer", { concurrency: true }, () => {
  const limit = 8 * 1024 * 1024;
  const sized =
    (length: number): Handler =>
    (_request, response) =>
      respond(response, 200, `"${"x".repeat(length - 2)}"`);

  test("is read up to the limit", async (t) => {
    const { http } = await start(t, [sized(limit)]);
    assert.equal(String(await http.send(read)).length, limit - 2);
  });

  test("is refused beyond it", async (t) => {
    const { http, connections } = await start(t, [sized(limit + 1), fine]);
    const error = await failureOf(http.send(create));
    assert.match(error.message, /^create it: http:\S+ sent a larger answer than the API ever does; /);
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });

  test("is refused beyond it, also without a Content-Length", async (t) => {
    const { http } = await start(t, [
      (_request, response) => {
        response.writeHead(200);
        for (let sent = 0; sent <= limit; sent += 65_536) response.write("x".repeat(65_536));
        response.end();
      },
    ]);
    assert.equal((await failureOf(http.send(create))).status, undefined);
  });
});

suite("the connection", { concurrency: true }, () => {
  test("is one for several calls", async (t) => {
    const { http, requests, connections } = await start(t, [fine, fine, fine, fine]);
    for (let count = 0; count < 3; count++) await http.send(read);
    await http.send(create);
    assert.equal(requests.length, 4);
    assert.equal(connections.length, 1);
  });

  test("is one for calls made together, and for one after a refusal", async (t) => {
    const { http, requests, connections } = await start(t, [status(404).fail, fine, status(503).fail, fine, fine]);
    await failureOf(http.send(read));
    await Promise.all([http.send(read), http.send(read), http.send(read)]);
    assert.equal(requests.length, 5);
    assert.equal(connections.length, 1);
  });

  test("is dropped by close(), and the next call makes a new one", async (t) => {
    const { http, connections } = await start(t, [fine, fine]);
    await http.send(read);
    http.close();
    const [socket] = connections;
    if (socket?.closed === false) await once(socket, "close");
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });

  test("is dropped by close() under a call, which fails", async (t) => {
    const { http, requests } = await start(t, [() => {}]);
    const waiting = failureOf(http.send(create));
    await requests.first;
    http.close();
    assert.equal((await waiting).status, undefined);
  });

  test("may be closed twice, or before it is open", async (t) => {
    const { http } = await start(t, [fine]);
    http.close();
    await http.send(read);
    http.close();
    http.close();
  });

  test("that the server closed meanwhile is made again", async (t) => {
    const { http, server, connections } = await start(t, [fine, fine]);
    await http.send(read);
    server.closeAllConnections();
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });
});

suite("what is sent", { concurrency: true }, () => {
  test("a read", async (t) => {
    const { http, requests, url } = await start(t, [fine]);
    await http.send(read);
    assert.deepEqual(requests[0], {
      method: "GET",
      url: "/it",
      headers: {
        host: new URL(url).host,
        connection: "keep-alive",
        "x-auth-token": TOKEN,
        "user-agent": "test/1",
        accept: "application/json",
      },
      body: "",
    });
  });

  test("a body", async (t) => {
    const { http, requests } = await start(t, [fine]);
    await http.send({ ...create, body: { text: 'ü "€"', list: [] } });
    assert.equal(requests[0]?.body, '{"text":"ü \\"€\\"","list":[]}');
    assert.equal(requests[0]?.headers["content-type"], "application/json");
    assert.equal(requests[0]?.headers["content-length"], "31");
  });

  test("below the API's own path", async (t) => {
    const { http, requests } = await start(t, [fine], { path: "/base/" });
    await http.send(read);
    assert.equal(requests[0]?.url, "/base/it");
  });
});

suite("messages and the log", { concurrency: true }, () => {
  test("an answer's form decides over its status", async (t) => {
    const { http } = await start(t, [fine]);
    const picky: Request<unknown> = {
      ...create,
      parse: () => {
        throw new Error("not as promised");
      },
    };
    const error = await failureOf(http.send(picky));
    assert.equal(
      error.message,
      "create it: the answer does not fit (not as promised); ask Scaleway whether the API changed",
    );
    assert.equal(error.status, 200);
    assert.ok(error.cause instanceof Error);
  });

  test("an empty answer is null to its reader", async (t) => {
    const { http } = await start(t, [(_request, response) => respond(response, 204, "")]);
    assert.equal(await http.send(read), null);
  });

  test("the token is taken out of an answer that repeats it", async (t) => {
    const { http, log } = await start(t, [
      (_request, response) => respond(response, 401, `{"message":"no key ${TOKEN}"}`, { "X-Request-Id": TOKEN }),
    ]);
    const error = await failureOf(http.send(read));
    assert.match(error.message, /^read it: 401 no key \*\*\* \(request \*\*\*\); /);
    assert.match(log.join("\n"), /→ 401/);
  });

  test("the log holds path, status and request id, neither query nor token", async (t) => {
    const { http, log } = await start(t, [
      (_request, response) => respond(response, 200, "1", { "X-Request-Id": "e1" }),
    ]);
    await http.send({ ...read, path: "/it?project_id=secret" });
    assert.equal(log.length, 1);
    assert.match(log[0] ?? "", /^call GET \/it → 200 \{"request_id":"e1","duration_ms":\d+\}$/);
  });

  test("a name that DNS does not know", async (t) => {
    const { http } = connect(t, "http://api.invalid", { patienceMs: 0 });
    const error = await failureOf(http.send(read));
    assert.match(
      error.message,
      /^read it: http:\/\/api\.invalid (cannot be resolved by DNS|cannot be reached|did not answer)/,
    );
    assert.ok(error.isAmbiguous);
  });
});

suite("pauseMs", { concurrency: true }, () => {
  const pauses = [
    { attempt: 1, asked: undefined, min: 100, max: 200 },
    { attempt: 2, asked: undefined, min: 200, max: 400 },
    { attempt: 5, asked: undefined, min: 1_600, max: 3_200 },
    { attempt: 6, asked: undefined, min: 2_500, max: 5_000 },
    { attempt: 2_000, asked: undefined, min: 2_500, max: 5_000 },
    { attempt: 1, asked: 0, min: 100, max: 200 },
    { attempt: 1, asked: 700, min: 700, max: 700 },
    { attempt: 6, asked: 60_000, min: 60_000, max: 60_000 },
  ];
  for (const { attempt, asked, min, max } of pauses) {
    test(`of try ${attempt}, asked for ${asked}`, () => {
      assert.equal(pauseMs(attempt, asked, { random: () => 0 }), min);
      assert.equal(pauseMs(attempt, asked, { random: () => 1 }), max);
    });
  }
});

const read: Request<unknown> = { what: "read it", method: "GET", path: "/it", repeat: true, parse: (body) => body };
const create: Request<unknown> = { ...read, what: "create it", method: "POST", body: {}, repeat: false };

type SentRequest = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};
type Options = {
  readonly limitMs?: number;
  readonly patienceMs?: number;
  readonly path?: string;
  readonly onWarn?: () => void;
};

/** A server that answers with each handler in turn, and with the last one from then on. */
async function start(t: TestContext, handlers: readonly Handler[], options: Options = {}) {
  const first = Promise.withResolvers<void>();
  const requests = Object.assign<SentRequest[], { first: Promise<void> }>([], { first: first.promise });
  const connections: Socket[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    requests.push({ method, url, headers, body: Buffer.concat(chunks).toString("utf8") });
    first.resolve();
    (handlers[requests.length - 1] ?? handlers.at(-1))?.(request, response);
  });
  server.on("connection", (socket) => void connections.push(socket));
  server.listen(0, "127.0.0.1");
  t.after(() => stop(server));
  await once(server, "listening");
  const url = urlOf(server);
  return { ...connect(t, url + (options.path ?? ""), options), server, url, requests, connections };
}

function connect(t: TestContext, url: string, options: Options = {}) {
  const log: string[] = [];
  const note = (text: string, fields?: unknown): void => {
    log.push(fields === undefined ? text : `${text} ${JSON.stringify(fields)}`);
  };
  const warn = (text: string, fields?: unknown): void => {
    note(text, fields);
    options.onWarn?.();
  };
  const lines: Log = { debug: note, info: note, warn, error: note, withSecret: () => lines };
  const time = new MovedTime();
  const deadline = new Deadline(options.limitMs ?? 30_000, "the test was", undefined, time.clock);
  const machine = { ...realMachine, ...time.clock, random: () => 0, connect: (origin: string) => time.connect(origin) };
  const { patienceMs } = options;
  const http = new TimedHttp(
    { apiUrl: url, token: TOKEN, userAgent: "test/1", deadline, patienceMs, log: lines, machine },
    time,
  );
  t.after(() => {
    http.close();
    deadline.clear();
    assert.doesNotMatch(log.join("\n"), new RegExp(TOKEN));
  });
  return { http, deadline, log, time };
}

/** Time moves while a call is made. */
class TimedHttp extends Http {
  readonly #time: MovedTime;

  constructor(options: HttpOptions, time: MovedTime) {
    super(options);
    this.#time = time;
  }

  override send<T>(request: Request<T>): Promise<T> {
    return this.#time.during(super.send(request));
  }
}

function respond(response: ServerResponse, code: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(code, headers);
  response.end(text);
}

function drip(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(" "), 50);
  response.on("close", () => clearInterval(timer));
}

function retries(log: readonly string[]): string[] {
  return log.filter((line) => / in \d+ ms: /.test(line));
}

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${error}`);
  assert.doesNotMatch(`${error.message} ${error.stack}`, new RegExp(TOKEN));
  return error;
}

function urlOf(server: { address(): unknown }): string {
  const address = server.address();
  if (typeof address !== "object" || address === null || !("port" in address)) throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = Number(new URL(urlOf(server)).port);
  server.close();
  await once(server, "close");
  return port;
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
