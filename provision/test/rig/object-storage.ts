// Object storage for tests: S3's PUT, GET and list over HTTP. It checks every signature, and what each key may do.
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

export type Key = { readonly secret: string; readonly may: readonly ("read" | "write")[] };

export type ObjectStorage = {
  readonly port: number;
  readonly objects: Map<string, Buffer>;
  /** Answer this many requests with 503. */
  readonly refuseNext: (count: number) => void;
  readonly stop: () => Promise<void>;
};

// Small: lists have pages.
const PAGE = 2;

/** Starts it on all addresses of this machine: hosts of tests reach it by their gateway. */
export async function startObjectStorage(bucket: string, keys: Readonly<Record<string, Key>>): Promise<ObjectStorage> {
  const objects = new Map<string, Buffer>();
  let refusals = 0;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const url = new URL(request.url ?? "", "http://storage");
    const refuse = (status: number, message: string) =>
      response.writeHead(status).end(`<Error><Message>${message}</Message></Error>`);
    if (refusals > 0) {
      refusals -= 1;
      return refuse(503, "slow down");
    }
    const key = signer(request, url, body, keys);
    if (key === undefined) return refuse(403, "the signature does not match");
    const need = request.method === "PUT" ? "write" : "read";
    if (!key.may.includes(need)) return refuse(403, "Access Denied");
    if (!url.pathname.startsWith(`/${bucket}`)) return refuse(404, "no such bucket");
    const name = url.pathname.slice(bucket.length + 2);
    if (name === "") return response.end(listed([...objects.keys()], objects, url.searchParams));
    if (request.method === "PUT") {
      objects.set(name, body);
      return response.end();
    }
    const found = objects.get(name);
    return found === undefined ? refuse(404, "no such key") : response.end(found);
  });
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("object storage has no port");
  return {
    port: address.port,
    objects,
    refuseNext: (count) => {
      refusals = count;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function listed(names: readonly string[], objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const after = query.get("continuation-token") ?? "";
  const prefix = query.get("prefix") ?? "";
  const rest = names.filter((name) => name.startsWith(prefix) && name > after).sort();
  const page = rest.slice(0, PAGE);
  const entries = page.map(
    (name) => `<Contents><Key>${name}</Key><Size>${objects.get(name)?.length}</Size></Contents>`,
  );
  const next = rest.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
  return `<ListBucketResult>${entries.join("")}${next}</ListBucketResult>`;
}

/** The key that signed the request by AWS's signature version 4; undefined when none did. */
function signer(request: IncomingMessage, url: URL, body: Buffer, keys: Readonly<Record<string, Key>>) {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/;
  const [, id = "", day = "", region = "", names = "", signature] =
    form.exec(request.headers.authorization ?? "") ?? [];
  const key = keys[id];
  if (key === undefined) return undefined;
  const payload = String(request.headers["x-amz-content-sha256"]);
  const isWhole = payload === "UNSIGNED-PAYLOAD" || payload === createHash("sha256").update(body).digest("hex");
  const query = [...url.searchParams]
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .sort()
    .join("&");
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const asked = [request.method, url.pathname, query, headers.join(""), names, payload].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash("sha256").update(asked).digest("hex");
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hash].join("\n");
  const hmac = (secret: string | Buffer, value: string) => createHmac("sha256", secret).update(value).digest();
  const signing = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${key.secret}`);
  return isWhole && hmac(signing, text).toString("hex") === signature ? key : undefined;
}
