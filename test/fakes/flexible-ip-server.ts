import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Behaviour, SettleDelays } from "./behaviour.ts";
import { answerControl, isControl } from "./control.ts";
import { Exchange, type LoggedRequest } from "./exchange.ts";
import { type FaultHandle, type FaultSpec, Faults } from "./faults.ts";
import { answerCall, type CallName, recognise } from "./flexible-ip-routes.ts";
import { type AccountOptions, FlexibleIps } from "./flexible-ips.ts";

// The types that come with a simulator, in one place for those that use it.
export type { Behaviour, CallName, FaultHandle, FaultSpec, LoggedRequest, SettleDelays };

export type SimulatorOptions = AccountOptions & {
  tls?: { key: string; cert: string };
  host?: string;
  /** A free one unless given. */
  port?: number;
  /** A path at which a Unix socket listens too: it is reached from every network namespace. */
  socket?: string;
};

export type Simulator = {
  readonly url: string;
  readonly token: string;
  readonly zone: string;
  readonly account: FlexibleIps;
  /** What arrived, in order of arrival. */
  readonly requests: LoggedRequest[];
  clearRequests(): void;
  calls(): CallName[];
  fault(spec: FaultSpec): FaultHandle;
  clearFaults(): void;
  /** Stops listening, cuts open connections and drops what is under way. */
  close(): Promise<void>;
};

/** The account behind HTTP, or HTTPS, on a port of this machine. See control.ts for what another process can do. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const account = new FlexibleIps(options);
  const faults = new Faults();
  const desk = new FrontDesk(account, faults);
  const listener: RequestListener = (request, response) => void desk.receive(request, response);
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  const servers: Server[] = [server, ...(options.socket === undefined ? [] : [createServer(listener)])];
  const host = options.host ?? "127.0.0.1";
  server.listen(options.port ?? 0, host);
  servers[1]?.listen(options.socket);
  await Promise.all(servers.map((each) => once(each, "listening")));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator has no port");
  const authority = host.includes(":") ? `[${host}]` : host;

  return {
    url: `${options.tls ? "https" : "http"}://${authority}:${address.port}`,
    token: account.token,
    zone: account.zone,
    account,
    requests: desk.requests,
    clearRequests: () => desk.requests.splice(0),
    calls: () => desk.requests.map((request) => request.call),
    fault: (spec) => faults.add(spec),
    clearFaults: () => faults.clear(),
    close: async () => {
      const closed = servers.map((each) => once(each, "close"));
      for (const each of servers) each.close();
      for (const each of servers) each.closeAllConnections();
      faults.clear();
      account.close();
      await Promise.all(closed);
    },
  };
}

const unavailable = { status: 503, body: { type: "unavailable", message: "service unavailable" } };

/** Takes requests in: notes them, hands them to a fault or to the account, and sees to it that they are answered. */
class FrontDesk {
  readonly requests: LoggedRequest[] = [];
  readonly #account: FlexibleIps;
  readonly #faults: Faults;
  #count = 0;

  constructor(account: FlexibleIps, faults: Faults) {
    this.#account = account;
    this.#faults = faults;
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request).catch(() => undefined);
    if (text === undefined) return;
    const exchange = this.#open(request, response, text);
    if (isControl(exchange.request))
      return exchange.send(answerControl(this.#account, this.requests, exchange.request));
    this.requests.push(exchange.request);
    try {
      await this.#answer(exchange);
    } catch (error) {
      // Only a mistake of the simulator or of a test's own edit function gets here.
      const message = error instanceof Error ? error.stack : String(error);
      exchange.send({ status: 500, body: { type: "simulator_error", message } });
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { api, latencyMs } = this.#account.behaviour;
    if (api === "silent") return;
    if (api === "cut") return exchange.reset();
    if (api === "unavailable") return exchange.send(unavailable);
    const fault = this.#faults.claim(exchange.request.call);
    if (fault) return fault.apply(exchange);
    const answer = exchange.act();
    if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });
    exchange.send(answer);
  }

  #open(request: IncomingMessage, response: ServerResponse, text: string): Exchange {
    const method = request.method ?? "";
    const url = new URL(`http://simulator${request.url}`);
    const route = recognise(method, url.pathname);
    const token = request.headers["x-auth-token"];
    const refusal = this.#account.admit(String(token), method === "GET" ? "read" : "write");
    const entry: LoggedRequest = {
      seq: ++this.#count,
      method,
      path: url.pathname,
      query: url.search.slice(1),
      call: route.call,
      body: parseOrNull(text),
      at: Date.now(),
      userAgent: request.headers["user-agent"] ?? "",
      authorized: refusal === undefined,
      status: undefined,
      durationMs: undefined,
    };
    const act = () => refusal ?? answerCall(this.#account, route, url.searchParams, text);
    return new Exchange(entry, act, response);
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
