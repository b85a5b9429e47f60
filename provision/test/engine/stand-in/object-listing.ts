// Listings and refusals of object storage, in XML.
import type { Bucket, StorageAnswer, StorageRequest } from "./object-storage.ts";

/** ListObjects, first and second edition, in one page. */
export function listObjects(bucket: Bucket, { query }: StorageRequest): StorageAnswer {
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  const folders = new Set<string>();
  const contents = keys.filter((key) => {
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end >= 0) folders.add(key.slice(0, end + delimiter.length));
    return end < 0;
  });
  const body = [
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
    `<Name>${bucket.name}</Name><Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${contents.length + folders.size}</KeyCount>`,
    "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>",
    ...contents.map((key) => contentOf(key, bucket.objects.get(key)?.length ?? 0)),
    ...[...folders].map((folder) => `<CommonPrefixes><Prefix>${escapeXml(folder)}</Prefix></CommonPrefixes>`),
    "</ListBucketResult>",
  ].join("");
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

function contentOf(key: string, size: number): string {
  const modified = new Date().toISOString();
  return `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modified}</LastModified><ETag>"0"</ETag><Size>${size}</Size></Contents>`;
}

/** A refusal as recorded. */
export function xmlError(
  status: number,
  code: string,
  message: string,
  { bucket, method }: Pick<StorageRequest, "bucket" | "method">,
): StorageAnswer {
  const body = `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>tx0</RequestId><Resource>/${bucket}</Resource></Error>`;
  return { status, headers: { "content-type": "application/xml" }, ...(method !== "HEAD" && { body }) };
}

/** The key in `bucket/key` or `/bucket/key`. */
export function inBucket(source: string, bucket: string): string {
  return source.replace(/^\//, "").slice(bucket.length + 1);
}

/** A text as XML holds it. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
