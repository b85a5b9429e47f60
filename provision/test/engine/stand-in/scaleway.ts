// Scaleway's APIs on loopback, for the real provider: HTTP in front of the routes, with refusals and silences to order.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { accountRoutes } from "./account.ts";
import { attachmentRoutes } from "./attachment.ts";
import { catalogueRoutes, fillCatalogue } from "./catalogue.ts";
import { iamRoutes } from "./iam.ts";
import { ipamRoutes } from "./ipam.ts";
import { type Document, parseDocument, Store } from "./record.ts";
import { type Answer, type Call, listing, type Route, type World } from "./route.ts";
import { serverRoutes } from "./server.ts";
import { vpcRoutes } from "./vpc.ts";

/** What a play does with calls that match: it gives another answer, or none after the work is done. */
export type Trouble = {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: Answer | "silence";
  /** How often; for ever where it is not said. */
  times?: number;
};

export type Scaleway = {
  readonly url: string;
  readonly store: Store;
  /** `METHOD path` of every call, in order. */
  readonly calls: string[];
  readonly troubles: Trouble[];
  /** The only key that is accepted. */
  secretKey: string;
  /** How many looks a slow thing takes; 0 is done at the first one. */
  patience: number;
  readonly close: () => Promise<void>;
};

/** Starts the stand-in for one secret key; any other is refused. */
export async function startScaleway(secretKey: string): Promise<Scaleway> {
  const store = new Store();
  const looks = new Map<string, number>();
  const settled = (id: string) => {
    const count = (looks.get(id) ?? 0) + 1;
    looks.set(id, count > scaleway.patience ? 0 : count);
    return count > scaleway.patience;
  };
  const world: World = { store, settled };
  fillCatalogue(world);
  const routes = routesOf(world);
  const server = createServer((request, response) => {
    answer(scaleway, routes, request).then(
      (answered) => answered !== "silence" && send(response, answered),
      (error: unknown) => send(response, { status: 500, body: { message: String(error) } }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stand-in has no port");
  const scaleway: Scaleway = {
    url: `http://127.0.0.1:${address.port}`,
    store,
    calls: [],
    troubles: [],
    secretKey,
    patience: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return scaleway;
}

function routesOf(world: World): readonly Route[] {
  return [
    ...accountRoutes(world),
    ...iamRoutes(world),
    ...vpcRoutes(world),
    ...ipamRoutes(world),
    ...catalogueRoutes(world),
    ...serverRoutes(world),
    ...attachmentRoutes(world),
    ["GET", "/flexible-ip/v1alpha1/zones/:zone/fips", () => listing("flexible_ips", world.store.list("fips"))],
  ];
}

async function answer(
  scaleway: Scaleway,
  routes: readonly Route[],
  request: IncomingMessage,
): Promise<Answer | "silence"> {
  const { method = "", url = "/" } = request;
  const { pathname, searchParams } = new URL(url, scaleway.url);
  const body = parseDocument(await text(request));
  scaleway.calls.push(`${method} ${pathname}`);
  if (request.headers["x-auth-token"] !== scaleway.secretKey)
    return {
      status: 401,
      body: {
        message: "authentication is denied",
        method: "api_key",
        reason: "not_found",
        type: "denied_authentication",
      },
    };
  const trouble = scaleway.troubles.find(
    (each) => each.method === method && each.path.test(pathname) && (each.times ?? 1) > 0,
  );
  if (trouble?.times !== undefined) trouble.times -= 1;
  if (trouble !== undefined && trouble.answer !== "silence") return trouble.answer;
  const answered = dispatch(routes, { method, path: pathname, query: searchParams, body });
  return trouble === undefined ? answered : "silence";
}

function dispatch(routes: readonly Route[], call: Omit<Call, "at">): Answer {
  for (const [method, pattern, handle] of routes) {
    const at = method === call.method ? match(pattern, call.path) : undefined;
    if (at !== undefined) return handle({ ...call, at });
  }
  throw new Error(`the stand-in does not know ${call.method} ${call.path}`);
}

/** The named parts of the path; undefined where the pattern does not fit. */
function match(pattern: string, path: string): Record<string, string> | undefined {
  const [names, parts] = [pattern.split("/"), path.split("/")];
  if (names.length !== parts.length) return undefined;
  const at: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const part = decodeURIComponent(parts[index] ?? "");
    if (name.startsWith(":")) at[name.slice(1)] = part;
    else if (name !== part) return undefined;
  }
  return at;
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body satisfies Document | Answer["body"]));
}
