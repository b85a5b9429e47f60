// Documents of the stand-in: JSON as the API sends and takes it, kept by kind and id.
import { randomUUID } from "node:crypto";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json | undefined };
export type Document = { [field: string]: Json | undefined };

/** The text of a field; empty where there is none. */
export function textOf(document: Readonly<Document> | undefined, field: string): string {
  const value = document?.[field];
  return typeof value === "string" ? value : "";
}

/** The list of a field; empty where there is none. */
export function listOf(document: Readonly<Document> | undefined, field: string): readonly Json[] {
  const value = document?.[field];
  return Array.isArray(value) ? value : [];
}

/** The documents in the list of a field. */
export function documentsOf(document: Readonly<Document> | undefined, field: string): readonly Document[] {
  return listOf(document, field).filter(isDocument);
}

/** Whether a value is an object. */
export function isDocument(value: Json | undefined): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses a body; an empty one is an empty document. Throws on anything but an object. */
export function parseDocument(text: string): Document {
  if (text === "") return {};
  const value: Json = JSON.parse(text);
  if (isDocument(value)) return value;
  throw new Error("a body must be an object");
}

/** What the stand-in holds. A kind is the last word of its path: servers, vpcs, ips, … */
export class Store {
  private readonly kinds = new Map<string, Map<string, Document>>();

  kind(name: string): Map<string, Document> {
    const found = this.kinds.get(name) ?? new Map<string, Document>();
    this.kinds.set(name, found);
    return found;
  }

  /** Keeps a new document under a new id, or under its access key, with both time stamps. */
  add(kind: string, fields: Document): Document {
    const now = new Date().toISOString();
    const id = fields.access_key === undefined ? { id: randomUUID() } : {};
    const document: Document = { ...id, ...fields, created_at: now, updated_at: now };
    this.kind(kind).set(keyOf(document), document);
    return document;
  }

  /** All documents of a kind with these values in their fields. An empty value is no condition. */
  list(kind: string, wanted: Readonly<Record<string, string | null>> = {}): Document[] {
    return [...this.kind(kind).values()].filter((document) =>
      Object.entries(wanted).every(([field, value]) => value === null || value === "" || document[field] === value),
    );
  }

  /** Everything, to be written down. */
  snapshot(): Document {
    return Object.fromEntries([...this.kinds].map(([kind, documents]) => [kind, [...documents.values()]]));
  }

  /** Takes everything over from a snapshot. */
  restore(snapshot: Readonly<Document>): void {
    for (const kind of Object.keys(snapshot)) {
      const documents = documentsOf(snapshot, kind);
      this.kinds.set(kind, new Map(documents.map((each) => [keyOf(each), structuredClone(each)])));
    }
  }
}

function keyOf(document: Document): string {
  return textOf(document, "id") || textOf(document, "access_key");
}
