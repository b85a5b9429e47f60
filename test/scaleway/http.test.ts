// The HTTP layer against plain servers that misbehave: what it tries again, what it never does, and when it gives up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { suite, type TestContext, test } from "node:test";
import { DeadlineError } from "../../driver/errors.ts";
import { FlexibleIpClient } from "../../driver/scaleway/client.ts";
import type { Request } from "../../driver/scaleway/http.ts";
import { connect, failureOf, type Limits, TOKEN } from "./connected.ts";

const HOUR_MS = 3_600_000;
const ID = "f1e81b1e-0000-4000-8000-000000000007";
// Of the first pause, the part that chance does not make longer.
const FIRST_PAUSE_MS = 100;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const fine: Handler = (_request, response) => respond(response, 200, '{"is":"fine"}');
const reset: Handler = (request) => request.socket.resetAndDestroy();
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    respond(response, code, '{"message":"not now"}', headers);

const passing: readonly (readonly [name: string, fail: Handler])[] = [
  ["a reset", reset],
  ["a connection closed without an answer", (request) => request.socket.destroy()],
  ["no HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
  ["HTML", (_request, response) => respond(response, 200, "<html>log in</html>")],
  [
    "a body cut on the way",
    (_request, response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write('{"is":"fi', () => response.destroy());
    },
  ],
  ...[408, 409, 425, 429, 500, 503, 599].map((code) => [String(code), status(code)] as const),
];

suite("a request that may be repeated", { concurrency: true }, () => {
  for (const [name, fail] of passing) {
    test(`is tried again after ${name}`, async (t) => {
      const { http, requests, log } = await start(t, [fail, fail, fine]);
      assert.deepEqual(await http.send(read), { is: "fine" });
      assert.equal(requests.length, 3);
      assert.equal(retries(log).length, 2);
    });
  }

  for (const code of [304, 400, 403, 404, 412, 499]) {
    test(`is not tried again after ${code}`, async (t) => {
      const { http, requests } = await start(t, [status(code), fine]);
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

  test("is tried again after a refused connection, until the deadline", async (t) => {
    const { url, server } = await start(t, [fine]);
    server.close();
    const { http, log } = connect(t, url);
    const { message } = await failureOf(http.send(read));
    assert.match(message, /^read it: http:\/\/127\.0\.0\.1:\d+ refused the connection; check the network and API_URL$/);
    assert.ok(retries(log).length > 1);
  });

  test("fails with the last reason when its patience ends before the deadline", async (t) => {
    const { http, requests } = await start(t, [status(503)], { patienceMs: 50 });
    assert.equal((await failureOf(http.send(read))).status, 503);
    assert.equal(requests.length, 2, "one more after the first pause, which is longer");
  });

  const asked = [
    ["1", 1_000],
    ["1.5", 1_500],
    ["0", FIRST_PAUSE_MS],
    ["soon", FIRST_PAUSE_MS],
    ["Thu, 01 Jan 2026 00:00:00 GMT", FIRST_PAUSE_MS],
  ] as const;
  for (const [header, ms] of asked) {
    test(`waits ${ms} ms where Retry-After is ${header}`, async (t) => {
      const { http, log } = await start(t, [status(429, { "Retry-After": header }), fine]);
      await http.send(read);
      assert.ok(retries(log)[0]?.startsWith(`retry in ${ms} ms: `), log[0]);
    });
  }

  const tooLong = ["3600", new Date(Date.now() + HOUR_MS).toUTCString()];
  for (const header of tooLong) {
    test(`fails at once when Retry-After: ${header} is later than the deadline`, async (t) => {
      const { http, requests } = await start(t, [status(429, { "Retry-After": header })], { limitMs: 60_000 });
      const error = await failureOf(http.send(read));
      assert.equal(error.status, 429);
      assert.equal(requests.length, 1);
    });
  }
});

suite("a call of the client whose answer is lost", { concurrency: true }, () => {
  const calls: readonly (readonly [what: string, tries: 1 | 2, call: (api: FlexibleIpClient) => Promise<unknown>])[] = [
    ["list the flexible IPs", 2, (api) => api.list({})],
    [`list the flexible IPs of project ${ID}`, 2, (api) => api.probe(ID)],
    [`read flexible IP ${ID}`, 2, (api) => api.get(ID)],
    [`change flexible IP ${ID}`, 2, (api) => api.update(ID, {})],
    [`delete flexible IP ${ID}`, 2, (api) => api.delete(ID)],
    ["create a flexible IP", 1, (api) => api.create({ projectId: ID, description: "", tags: [], isIpv6: false })],
    [`make a virtual MAC for flexible IP ${ID}`, 1, (api) => api.generateMac(ID)],
    [`give flexible IP ${ID} the virtual MAC of ${ID}`, 1, (api) => api.duplicateMac(ID, ID)],
    [`delete the virtual MAC of flexible IP ${ID}`, 1, (api) => api.deleteMac(ID)],
    [`attach flexible IP ${ID} to server ${ID}`, 1, (api) => api.attach([ID], ID)],
    [`detach flexible IP ${ID}, ${ID}`, 1, (api) => api.detach([ID, ID])],
  ];
  for (const [what, tries, call] of calls) {
    test(`is ${tries === 1 ? "not repeated" : "repeated"}: ${what}`, async (t) => {
      const { http, requests } = await start(t, [reset, status(400)]);
      const { message } = await failureOf(call(new FlexibleIpClient(http, "fr-par-2", "kvm")));
      assert.ok(message.startsWith(`${what}: ${tries === 1 ? "http" : "400 not now; "}`), message);
      assert.equal(requests.length, tries);
    });
  }
});

suite("the deadline", { concurrency: true }, () => {
  test("ends a request that gets no answer, those that wait for the connection, and all that come later", async (t) => {
    const { http, requests, server, deadline } = await start(t, [() => {}]);
    const waiting = [http.send(create), http.send(read), http.send(read)];
    await once(server, "request");
    deadline.abort(new DeadlineError("stopped by SIGTERM"));
    for (const call of [...waiting, http.send(read), http.send(create)]) {
      await assert.rejects(call, { name: "DeadlineError", message: "stopped by SIGTERM" });
    }
    assert.equal(requests.length, 1);
  });

  test("ends the retries, with the last failure as the reason", async (t) => {
    const { http, requests } = await start(t, [status(503)], { limitMs: 3_000 });
    // The pause of 1.6 s after 100, 200, 400 and 800 ms does not fit any more.
    assert.equal((await failureOf(http.send(read))).message, "read it: 503 not now; try again");
    assert.equal(requests.length, 5);
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

test("a redirect is not followed, and the token not sent on", async (t) => {
  const other = await start(t, [fine]);
  const { http, requests } = await start(t, [status(302, { Location: `${other.url}/elsewhere` }), fine]);
  assert.equal((await failureOf(http.send(read))).message, "read it: 302 not now; check API_URL");
  assert.equal(requests.length, 1);
  assert.equal(other.requests.length, 0);
});

suite("a large answer", { concurrency: true }, () => {
  const limit = 8 * 1024 * 1024;

  test("is read up to the limit", async (t) => {
    const longest = "x".repeat(limit - 2);
    const { http } = await start(t, [(_request, response) => respond(response, 200, `"${longest}"`)]);
    assert.equal(await http.send(read), longest);
  });

  test("is refused beyond it, whatever its length is said to be", async (t) => {
    const endless: Handler = (_request, response) => {
      response.writeHead(200);
      for (let sent = 0; sent <= limit; sent += 65_536) response.write("x".repeat(65_536));
      response.end();
    };
    const { http, connections } = await start(t, [endless, fine]);
    const { message } = await failureOf(http.send(read));
    assert.match(message, /^read it: http:\S+ sent a larger answer than the API ever does; /);
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });
});

suite("the connection", { concurrency: true }, () => {
  test("is one for calls made together, and for one after a refusal", async (t) => {
    const { http, requests, connections } = await start(t, [status(404), fine, status(503), fine, fine]);
    await failureOf(http.send(read));
    await Promise.all([http.send(read), http.send(read), http.send(read)]);
    assert.equal(requests.length, 5);
    assert.equal(connections.length, 1);
  });

  test("is dropped by close(), and the next call makes a new one", async (t) => {
    const { http, connections } = await start(t, [fine, fine]);
    http.close();
    await http.send(read);
    http.close();
    http.close();
    const [socket] = connections;
    if (socket?.closed === false) await once(socket, "close");
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });

  test("is dropped by close() under a call, which fails", async (t) => {
    const { http, server } = await start(t, [() => {}]);
    const waiting = failureOf(http.send(create));
    await once(server, "request");
    http.close();
    assert.equal((await waiting).status, undefined);
  });

  test("that the server closed meanwhile is made again", async (t) => {
    const { http, server, connections } = await start(t, [fine, fine]);
    await http.send(read);
    server.closeAllConnections();
    assert.deepEqual(await http.send(read), { is: "fine" });
    assert.equal(connections.length, 2);
  });
});

test("a request has its headers and its body, below the API's own path", async (t) => {
  const { http, requests, url } = await start(t, [fine], { path: "/base/" });
  await http.send(read);
  await http.send({ ...create, body: { text: 'ü "€"', list: [] } });
  const headers = {
    host: new URL(url).host,
    connection: "keep-alive",
    "x-auth-token": TOKEN,
    "user-agent": "test/1",
    accept: "application/json",
  };
  const body = '{"text":"ü \\"€\\"","list":[]}';
  const lengths = { "content-type": "application/json", "content-length": "31" };
  assert.deepEqual(requests, [
    { method: "GET", url: "/base/it", headers, body: "" },
    { method: "POST", url: "/base/it", headers: { ...headers, ...lengths }, body },
  ]);
});

suite("messages and the log", { concurrency: true }, () => {
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

const read: Request<unknown> = { what: "read it", method: "GET", path: "/it", repeat: true, parse: (body) => body };
const create: Request<unknown> = { ...read, what: "create it", method: "POST", body: {}, repeat: false };

type SentRequest = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

/** A server that answers with each handler in turn, and with the last one from then on. */
async function start(
  t: TestContext,
  handlers: readonly Handler[],
  { path = "", ...limits }: Limits & { path?: string } = {},
) {
  const requests: SentRequest[] = [];
  const connections: Socket[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const sent = { method, url, headers, body: "" };
    const handler = handlers[requests.length] ?? handlers.at(-1);
    requests.push(sent);
    sent.body = await text(request).catch(() => "");
    handler?.(request, response);
  });
  server.on("connection", (socket) => void connections.push(socket));
  server.listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const url = urlOf(server);
  return { ...connect(t, url + path, limits), server, url, requests, connections };
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

function urlOf(server: { address(): unknown }): string {
  const address = server.address();
  if (typeof address !== "object" || address === null || !("port" in address)) throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
