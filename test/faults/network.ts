// What can be wrong with the way to the API, from the name to the connection.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Kind, Survey } from "./kind.ts";
import { program } from "./launch.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected } from "./play.ts";
import { SHORT, type TestCloud } from "./test-cloud.ts";

const OPENSSL = program("openssl");
const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
const NO_IPV6 = HAS_IPV6 ? undefined : "this machine has no IPv6 loopback";

const DONE: Expectation = { outcomes: ["done"] };
const LEASES: readonly string[] = ["get_address", "allocate_address", "free_address"];

export const NETWORK_FAULTS: readonly Kind[] = [
  kind("connection refused", "nobody listens on the port", unreachable, () => "http://127.0.0.1:1"),
  kind(
    "name that DNS does not know",
    "API_URL of the domain invalid",
    unreachable,
    () => "https://nonexistent.invalid",
  ),
  kind("wrong certificate", "a self-signed one", unreachable, selfSigned, OPENSSL ? undefined : "openssl is not there"),
  kind("HTTP where HTTPS is asked for", "https to the simulator's own port", unreachable, (cloud) =>
    cloud.rig.simulator.url.replace("http:", "https:"),
  ),
  kind("another protocol", "the port greets as SSH does", unreachable, (cloud) =>
    listen(cloud, "127.0.0.1", (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n")),
  ),
  kind("connections are taken, and nothing else happens", "a server that never reads", unreachable, (cloud) =>
    listen(cloud, "127.0.0.1", (socket) => socket.pause()),
  ),
  kind(
    "only IPv6 listens",
    "API_URL http://[::1]",
    () => DONE,
    (cloud) => listen(cloud, "::1", (socket) => pass(cloud, socket)),
    NO_IPV6,
  ),
  kind(
    "only IPv6 listens, API_URL says localhost",
    "whether localhost is ::1 too is the machine's matter",
    (path) => ({ outcomes: ["done", ...unreachable(path).outcomes] }),
    async (cloud) => {
      const url = await listen(cloud, "::1", (socket) => pass(cloud, socket));
      return url.replace("[::1]", "localhost");
    },
    NO_IPV6,
  ),
  kind(
    "only IPv4 listens, API_URL says localhost",
    "localhost may be ::1 first",
    () => DONE,
    (cloud) => cloud.rig.simulator.url.replace("127.0.0.1", "localhost"),
  ),
  kind(
    "kept connection that dies under the next request",
    "the second request of the first connection gets a reset, unread",
    () => DONE,
    (cloud) => {
      const greetings = [passOnce].values();
      return listen(cloud, "127.0.0.1", (socket) => (greetings.next().value ?? pass)(cloud, socket));
    },
  ),
  kind(
    "connection closed after each answer",
    "without a word in the answer",
    () => DONE,
    (cloud) => listen(cloud, "127.0.0.1", (socket) => passAndClose(cloud, socket)),
  ),
  kind(
    "a proxy in the environment",
    "HTTP_PROXY and its like name a port where nobody listens",
    () => DONE,
    (cloud) => cloud.rig.simulator.url,
    undefined,
    { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" },
  ),
];

function kind(
  name: string,
  how: string,
  expected: (path: Path) => Expectation,
  url: (cloud: TestCloud) => string | Promise<string>,
  skipped?: string,
  env: Readonly<Record<string, string>> = {},
): Kind {
  return {
    ...{ family: "api", name, how, skipped, expected },
    injections: ({ isCore }: Path, _survey: Survey) =>
      isCore
        ? [
            {
              point: "the whole run",
              inject: async (cloud): Promise<Injected> => ({
                how: { settings: { ...SHORT, API_URL: await url(cloud) }, env },
              }),
            },
          ]
        : [],
  };
}

function unreachable({ action }: Path): Expectation {
  // A clean that has nothing to do is done, though it cannot know.
  if (action === "clean") return { outcomes: ["later", "done"] };
  // A lease begins and ends without the API: pre looks before a guest boots.
  return { outcomes: [LEASES.includes(action) ? "done" : "refused"] };
}

async function listen(cloud: TestCloud, host: string, greet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    greet(socket);
  });
  const url = await opened(server, host);
  cloud.atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://${url}`;
}

async function opened(server: Server, host: string): Promise<string> {
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

/** A connection of its own to the simulator, in both directions. */
function pass(cloud: TestCloud, socket: Socket): Socket {
  const upstream = connect(Number(new URL(cloud.rig.simulator.url).port), "127.0.0.1");
  upstream.on("error", () => socket.destroy());
  socket.on("close", () => upstream.destroy());
  socket.pipe(upstream).pipe(socket);
  return upstream;
}

/** The first request and its answer get through; what comes then meets a reset. */
function passOnce(cloud: TestCloud, socket: Socket): void {
  const upstream = pass(cloud, socket);
  upstream.once("data", () => {
    socket.unpipe(upstream);
    socket.removeAllListeners("data");
    socket.on("data", () => socket.resetAndDestroy());
    socket.resume();
  });
}

function passAndClose(cloud: TestCloud, socket: Socket): void {
  const upstream = pass(cloud, socket);
  upstream.once("data", () => setImmediate(() => socket.end()));
}

async function selfSigned(cloud: TestCloud): Promise<string> {
  const [key, cert] = [join(cloud.rig.folder, "key.pem"), join(cloud.rig.folder, "cert.pem")];
  const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync(
    OPENSSL ?? "openssl",
    ["req", "-x509", ...options, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", cert],
    { stdio: "ignore" },
  );
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
    response.end("{}"),
  );
  server.on("tlsClientError", () => {});
  const url = await opened(server, "127.0.0.1");
  cloud.atEnd(() => server.close());
  return `https://${url}`;
}
