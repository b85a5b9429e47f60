// Objects in the backup bucket, by S3's API.
import { AwsClient } from "aws4fetch";

export type BucketAccess = {
  /** Address of the bucket, such as https://s3.fr-par.scw.cloud/name. */
  readonly url: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
};

export type StoredObject = { readonly name: string; readonly size: number };

/** The objects of one bucket. Every failure names the object and the reason. */
export type Bucket = {
  readonly put: (name: string, content: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly get: (name: string) => Promise<Uint8Array<ArrayBuffer>>;
  /** Sorted by name. */
  readonly list: (prefix: string) => Promise<StoredObject[]>;
};

/** The address of a bucket at Scaleway. */
export function bucketUrl(bucket: string, region: string): string {
  return `https://s3.${region}.scw.cloud/${bucket}`;
}

/** Opens a bucket. Makes no call yet. */
export function openBucket({ url, region, accessKey, secretKey }: BucketAccess): Bucket {
  const client = new AwsClient({
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    service: "s3",
    region,
    retries: 3,
  });
  const call = async (path: string, init: RequestInit & { readonly method: string }): Promise<Response> => {
    const response = await client.fetch(`${url}${path}`, init).catch((error: unknown) => {
      throw new Error(`${init.method} ${url}${path}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (response.ok) return response;
    const said = /<Message>([^<]*)/.exec(await response.text())?.[1] ?? "";
    throw new Error(`${init.method} ${url}${path}: ${response.status} ${said}`.trim());
  };
  return {
    put: async (name, content) => {
      await call(`/${name}`, { method: "PUT", body: content });
    },
    get: async (name) => new Uint8Array(await (await call(`/${name}`, { method: "GET" })).arrayBuffer()),
    list: (prefix) => listAll(prefix, async (query) => (await call(`?${query}`, { method: "GET" })).text()),
  };
}

/** Reads all pages. A month of hourly backups fits on one page of a thousand, but nothing promises that. */
async function listAll(prefix: string, page: (query: string) => Promise<string>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  let token: string | undefined;
  do {
    const query = new URLSearchParams({ "list-type": "2", prefix, ...(token && { "continuation-token": token }) });
    const xml = await page(query.toString());
    for (const [, entry = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs))
      found.push({ name: field(entry, "Key") ?? "", size: Number(field(entry, "Size") ?? 0) });
    token = field(xml, "NextContinuationToken");
  } while (token !== undefined);
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function field(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
