import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Behaviour, SettleDelays } from "./behaviour.ts";
import { Exchange, type LoggedRequest } from "./exchange.ts";
import { Fault, type FaultHandle, type FaultSpec } from "./faults.ts";
import { answerCall, type CallName, parseOrNull, recognise } from "./flexible-ip-routes.ts";
import { type AccountOptions, FlexibleIps } from "./flexible-ips.ts";

// The types that come with a simulator, in one place for those that use it.
export type { Behaviour, CallName, FaultHandle, FaultSpec, LoggedRequest, SettleDelays };

export type SimulatorOptions = AccountOptions & { tls?: { key: string; cert: string } };

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

/** The account behind HTTP, or HTTPS, on a port of this machine. */
export async function startSimulator({ tls, ...options }: SimulatorOptions = {}): Promise<Simulator> {
  const account = new FlexibleIps(options);
  const requests: LoggedRequest[] = [];
  const faults: Fault[] = [];
  const listener: RequestListener = async (request, response) => {
    const { method = "", url = "", headers } = request;
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    const { pathname: path, searchParams } = new URL(url, "http://simulator");
    const route = recognise(method, path);
    const refusal = account.admit(`${headers["x-auth-token"]}`, method === "GET" ? "read" : "write");
    const [, query = ""] = url.split("?");
    const asked = { method, path, query, call: route.call, body: parseOrNull(body) };
    const exchange = new Exchange(asked, () => refusal ?? answerCall(account, route, searchParams, body), response);
    requests.push(exchange.request);
    try {
      await answer(account, faults, exchange);
    } catch (error) {
      // Only a mistake of the simulator or of a test's own edit function gets here.
      const message = error instanceof Error ? error.stack : String(error);
      exchange.send({ status: 500, body: { type: "simulator_error", message } });
    }
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the simulator has no port");
  const clearFaults = (): void => {
    for (const fault of faults.splice(0)) fault.remove();
  };

  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${address.port}`,
    token: account.token,
    zone: account.zone,
    account,
    requests,
    clearRequests: () => requests.splice(0),
    calls: () => requests.map(({ call }) => call),
    fault: (spec) => {
      const fault = new Fault(spec);
      faults.push(fault);
      return fault;
    },
    clearFaults,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      clearFaults();
      await closed;
      account.close();
    },
  };
}

async function answer({ behaviour }: FlexibleIps, faults: readonly Fault[], exchange: Exchange): Promise<void> {
  const { api, latencyMs } = behaviour;
  if (api === "silent") return;
  if (api === "cut") return exchange.reset();
  if (api === "unavailable") {
    return exchange.send({ status: 503, body: { type: "unavailable", message: "service unavailable" } });
  }
  const fault = faults.find((one) => one.claims(exchange.request.call));
  if (fault) return fault.apply(exchange);
  const acted = exchange.act();
  if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });
  exchange.send(acted);
}
