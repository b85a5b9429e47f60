// What a call to the stand-in is, and how it is answered or refused, in the words of the real API.
import type { Document, Json, Store } from "./record.ts";

export type Call = {
  readonly method: string;
  readonly path: string;
  /** The parts of the path that the pattern names with a colon. */
  readonly at: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Document;
};

export type Answer = { readonly status: number; readonly body?: Json };

/** `[method, pattern, answer]`; the pattern is a path with `:names`. */
export type Route = readonly [string, string, (call: Call) => Answer];

/** What the APIs share: what is kept, and how many looks a slow thing takes until it is done. */
export type World = {
  readonly store: Store;
  /** Counts one look at a thing in a transient state; true when it is done. */
  readonly settled: (id: string) => boolean;
};

/** The call succeeded, with this body. */
export function ok(body: Json): Answer {
  return { status: 200, body };
}

/** The call succeeded, and there is nothing to say. */
export function gone(): Answer {
  return { status: 204 };
}

/** As recorded for IAM, VPC, IPAM and accounts; Elastic Metal says `Not Found` alone. */
export function notFound(resource: string, id: string): Answer {
  return {
    status: 404,
    body: { message: "resource is not found", resource, resource_id: id, type: "not_found" },
  };
}

/** As recorded for a missing permission. */
export function denied(action: string, resource: string): Answer {
  return {
    status: 403,
    body: { details: [{ action, resource }], message: "insufficient permissions", type: "permissions_denied" },
  };
}

/** The form is the SDK's PreconditionFailedError; the words are not recorded. */
export function stillInUse(what: string): Answer {
  return {
    status: 412,
    body: {
      help_message: `${what} must be empty to be deleted`,
      message: "precondition is not respected",
      precondition: "resource_still_in_use",
      type: "precondition_failed",
    },
  };
}

/** The form is the SDK's QuotasExceededError; the words are not recorded. */
export function quotaExceeded(resource: string, quota: number): Answer {
  return {
    status: 403,
    body: {
      details: [{ current: quota, quota, resource, scope: "organization" }],
      message: "quota exceeded",
      type: "quotas_exceeded",
    },
  };
}

/** The form is the SDK's OutOfStockError; the words are not recorded. */
export function outOfStock(resource: string): Answer {
  return { status: 409, body: { message: "resource is out of stock", resource, type: "out_of_stock" } };
}

/** One page of everything; a listing is never longer here. */
export function listing(name: string, documents: readonly Document[]): Answer {
  return ok({ [name]: documents, total_count: documents.length });
}

/** Answers a document of a kind, or that it is not there. */
export function found(world: World, kind: string, resource: string, id: string): Answer {
  const document = world.store.kind(kind).get(id);
  return document === undefined ? notFound(resource, id) : ok(document);
}

/** Changes the fields that the body names. */
export function changed(world: World, kind: string, resource: string, id: string, fields: Document): Answer {
  const document = world.store.kind(kind).get(id);
  if (document === undefined) return notFound(resource, id);
  Object.assign(document, fields, { updated_at: new Date().toISOString() });
  return ok(document);
}

/** Takes a document away. */
export function removed(world: World, kind: string, resource: string, id: string): Answer {
  return world.store.kind(kind).delete(id) ? gone() : notFound(resource, id);
}
