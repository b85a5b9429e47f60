// Object storage as the provider and Pulumi's state use it: buckets with their settings, objects with their versions.
// A key acts in its preferred project, unless it is written as `access key@project`, and a bucket is closed to any other.
import { createHash } from "node:crypto";
import { escapeXml, inBucket, listObjects, xmlError } from "./object-listing.ts";

export type Bucket = {
  readonly name: string;
  readonly projectId: string;
  /** Settings as they were put: versioning, lifecycle, tagging. */
  readonly settings: Map<string, string>;
  readonly objects: Map<string, Buffer>;
  /** How often each object was written. */
  readonly versions: Map<string, number>;
};

export type StorageRequest = {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

export type StorageAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** The buckets of one organization. `preferredProject` is the project that the key acts in when it names none. */
export class ObjectStorage {
  readonly buckets = new Map<string, Bucket>();
  private readonly accessKey: string;
  private readonly preferredProject: string;

  constructor(accessKey: string, preferredProject: string) {
    this.accessKey = accessKey;
    this.preferredProject = preferredProject;
  }

  answer(request: StorageRequest): StorageAnswer {
    const projectId = this.projectOf(request.headers.authorization);
    if (projectId === undefined) return xmlError(403, "InvalidAccessKeyId", "The access key does not exist", request);
    const bucket = this.buckets.get(request.bucket);
    if (bucket === undefined) {
      if (request.method === "PUT" && request.key === "" && request.query.size === 0)
        return this.make(request, projectId);
      return xmlError(404, "NoSuchBucket", "The specified bucket does not exist", request);
    }
    if (bucket.projectId !== projectId) return xmlError(403, "AccessDenied", "Access Denied.", request);
    return request.key === "" ? this.answerBucket(bucket, request) : answerObject(bucket, request);
  }

  private projectOf(authorization: string | string[] | undefined): string | undefined {
    const credential = /Credential=([^/,]+)\//.exec(String(authorization))?.[1] ?? "";
    const [accessKey, projectId] = decodeURIComponent(credential).split("@");
    return accessKey === this.accessKey ? (projectId ?? this.preferredProject) : undefined;
  }

  private make({ bucket: name }: StorageRequest, projectId: string): StorageAnswer {
    const empty = { settings: new Map(), objects: new Map(), versions: new Map() };
    this.buckets.set(name, { name, projectId, ...empty });
    return { status: 200, headers: { location: `/${name}` } };
  }

  private answerBucket(bucket: Bucket, request: StorageRequest): StorageAnswer {
    const setting = ["acl", "tagging", "cors", "versioning", "lifecycle", "object-lock"].find((name) =>
      request.query.has(name),
    );
    if (setting !== undefined) return answerSetting(bucket, setting, request);
    if (request.method === "HEAD") return { status: 200 };
    if (request.method === "GET") return listObjects(bucket, request);
    if (request.method === "PUT") return xmlError(409, "BucketAlreadyOwnedByYou", "The bucket exists already", request);
    if (bucket.objects.size > 0) return xmlError(409, "BucketNotEmpty", "The bucket is not empty", request);
    this.buckets.delete(bucket.name);
    return { status: 204 };
  }
}

const MISSING = {
  tagging: ["NoSuchTagSet", "The TagSet does not exist"],
  cors: ["NoSuchCORSConfiguration", "The CORS configuration does not exist"],
  lifecycle: ["NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"],
  "object-lock": ["ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"],
} as const;

function answerSetting(bucket: Bucket, setting: string, request: StorageRequest): StorageAnswer {
  if (request.method === "PUT") {
    bucket.settings.set(setting, request.body.toString("utf8"));
    return { status: 200 };
  }
  if (request.method === "DELETE") {
    bucket.settings.delete(setting);
    return { status: 204 };
  }
  const kept = bucket.settings.get(setting);
  if (setting === "acl") return xml(owner(bucket.projectId));
  if (kept !== undefined) return xml(kept);
  if (setting === "versioning") return xml("<VersioningConfiguration><Status></Status></VersioningConfiguration>");
  const [code, message] = Object.entries(MISSING).find(([name]) => name === setting)?.[1] ?? [
    "NotImplemented",
    setting,
  ];
  return xmlError(404, code, message, request);
}

function answerObject(bucket: Bucket, request: StorageRequest): StorageAnswer {
  const { method, key, headers } = request;
  if (method === "PUT") return put(bucket, request);
  const object = bucket.objects.get(key);
  if (method === "DELETE") {
    bucket.objects.delete(key);
    return { status: 204 };
  }
  if (object === undefined) return xmlError(404, "NoSuchKey", "The specified key does not exist.", request);
  const common = { etag: etagOf(object), "last-modified": new Date().toUTCString(), "accept-ranges": "bytes" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(headers.range ?? ""));
  const part = range === null ? object : object.subarray(Number(range[1]), range[2] ? Number(range[2]) + 1 : undefined);
  const content = { ...common, "content-type": "application/octet-stream", "content-length": String(part.length) };
  return { status: range === null ? 200 : 206, headers: content, ...(method === "GET" && { body: part }) };
}

function put(bucket: Bucket, request: StorageRequest): StorageAnswer {
  const source = request.headers["x-amz-copy-source"];
  const from = typeof source === "string" ? inBucket(decodeURIComponent(source), bucket.name) : undefined;
  const body = from === undefined ? request.body : bucket.objects.get(from);
  if (body === undefined) return xmlError(404, "NoSuchKey", "The specified key does not exist.", request);
  bucket.objects.set(request.key, body);
  bucket.versions.set(request.key, (bucket.versions.get(request.key) ?? 0) + 1);
  if (from === undefined) return { status: 200, headers: { etag: etagOf(body) } };
  const modified = new Date().toISOString();
  return xml(
    `<CopyObjectResult><LastModified>${modified}</LastModified><ETag>${escapeXml(etagOf(body))}</ETag></CopyObjectResult>`,
  );
}

function owner(projectId: string): string {
  const id = `${projectId}:${projectId}`;
  const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee>`;
  const grant = `<Grant>${grantee}<Permission>FULL_CONTROL</Permission></Grant>`;
  return `<AccessControlPolicy><Owner><ID>${id}</ID></Owner><AccessControlList>${grant}</AccessControlList></AccessControlPolicy>`;
}

function etagOf(object: Buffer): string {
  return `"${createHash("md5").update(object).digest("hex")}"`;
}

function xml(body: string): StorageAnswer {
  const head = body.startsWith("<?xml") ? "" : `<?xml version="1.0" encoding="UTF-8"?>\n`;
  return { status: 200, headers: { "content-type": "text/xml; charset=utf-8" }, body: head + body };
}
