// The way out for programs under test: an HTTPS proxy that leads Scaleway's object storage to the stand-in, and nothing else anywhere.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { buffer } from "node:stream/consumers";
import type { ObjectStorage } from "./object-storage.ts";

const HOST = /^(?:(.+)\.)?s3\.([a-z]{2}-[a-z]{3})\.scw\.cloud$/;

export type Tunnel = {
  /** For HTTPS_PROXY. */
  readonly url: string;
  /** For SSL_CERT_FILE. */
  readonly certificateFile: string;
  /** Hosts that a program wanted to reach and that have no stand-in here. */
  readonly refused: string[];
  readonly close: () => Promise<void>;
};

/** Starts proxy and TLS end. The certificate is for `region`. */
export async function startTunnel(storage: ObjectStorage, region: string): Promise<Tunnel> {
  const folder = mkdtempSync(`${tmpdir()}/engine-tls-`);
  const certificateFile = `${folder}/certificate.pem`;
  makeCertificate(folder, region);
  const keys = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(certificateFile) };
  const secure = createSecureServer(keys, (request, response) => {
    buffer(request).then((body) => {
      const { status, headers, body: answered } = storage.answer({ ...read(request), body: plain(request, body) });
      response.writeHead(status, { "x-amz-request-id": "tx0", ...headers }).end(answered);
    }, response.destroy);
  });
  const proxy = createServer((_, response) => response.writeHead(403).end());
  const refused: string[] = [];
  proxy.on("connect", ({ url = "" }: IncomingMessage, socket: Socket) => {
    const host = url.replace(/:443$/, "");
    if (HOST.test(host)) return forward(socket, portOf(secure.address()));
    refused.push(host);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  for (const server of [secure, proxy]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const close = async () => {
    for (const server of [proxy, secure]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    rmSync(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${portOf(proxy.address())}`, certificateFile, refused, close };
}

function forward(socket: Socket, port: number): void {
  const inner = connect(port, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    socket.pipe(inner).pipe(socket);
  });
  inner.on("error", () => socket.destroy());
  socket.on("error", () => inner.destroy());
  socket.on("close", () => inner.destroy());
}

/** The bucket is in the host name, or at the start of the path. */
function read(request: IncomingMessage) {
  const url = new URL(request.url ?? "/", "https://storage");
  const named = HOST.exec((request.headers.host ?? "").replace(/:443$/, ""))?.[1];
  const path = decodeURIComponent(url.pathname).slice(1);
  const [first = "", ...rest] = path.split("/");
  const where = named === undefined ? { bucket: first, key: rest.join("/") } : { bucket: named, key: path };
  const query = url.searchParams;
  // Which operation it was, as newer clients say; no setting of a bucket.
  query.delete("x-id");
  return { method: request.method ?? "", ...where, query, headers: request.headers };
}

/** A body that came in signed chunks, put together. */
function plain(request: IncomingMessage, body: Buffer): Buffer {
  if (!String(request.headers["content-encoding"]).includes("aws-chunked")) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, end), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

function makeCertificate(folder: string, region: string): void {
  const names = `subjectAltName=DNS:s3.${region}.scw.cloud,DNS:*.s3.${region}.scw.cloud`;
  const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/certificate.pem`];
  const subject = ["-subj", "/CN=stand-in", "-addext", names, "-days", "2"];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", [...kind, ...files, ...subject], { stdio: "ignore" });
}

function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
