// What the API, or what stands between it and the driver, can do to a call: once, or from then on.

import type { CallName, FaultSpec } from "../fakes/flexible-ip-server.ts";
import { PROJECT } from "../rig.ts";
import { isWrite, type Kind, type Survey } from "./kind.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected, Injection, Outcome } from "./play.ts";
import { SHORT, type TestCloud } from "./test-cloud.ts";

type Do = FaultSpec["do"];

const TRANSIENT = { type: "transient_state", message: "resource is in a transient state" };
const DENIED = { type: "permissions_denied", message: "insufficient permissions", details: [] };
const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/** For what a second try would not help against: the action may end with it, if nothing is left. */
const MAY_END_IT: readonly Outcome[] = ["done", "later", "refused"];

const MANY_BYTES = 9 * 1024 * 1024;

/** Strikes one call, and is over. */
const PASSING: readonly Kind[] = [
  once("connection cut before the call acts", { kind: "reset", when: "before" }),
  once("connection cut after the call acted", { kind: "reset", when: "after" }),
  once("408", { kind: "status", status: 408 }),
  once("409 that clears", { kind: "status", status: 409, body: TRANSIENT }),
  once("429 without Retry-After", { kind: "status", status: 429 }),
  once("429 with Retry-After in seconds", { kind: "status", status: 429, headers: { "Retry-After": "1" } }),
  once("429 with Retry-After as a date", () => {
    const inOneSecond = new Date(Date.now() + 1_000).toUTCString();
    return { kind: "status", status: 429, headers: { "Retry-After": inOneSecond } };
  }),
  once("500 before the call acts", { kind: "status", status: 500, body: { message: "internal error" } }),
  once("500 after the call acted", { kind: "status", status: 500, body: { message: "internal error" }, when: "after" }),
  once("502 in HTML", { kind: "status", status: 502, body: HTML, headers: { "Content-Type": "text/html" } }),
  once("503", { kind: "status", status: 503 }),
  once("504 after the call acted", { kind: "status", status: 504, when: "after" }),
  once("HTML with status 200", { kind: "body", text: HTML, contentType: "text/html" }),
  once("cut JSON", { kind: "body", text: '{"id":"0a11ce00-0000-4000-8000-0000000000' }),
  once("empty body", { kind: "body", text: "" }),
  once("null for a body", { kind: "body", text: "null" }, MAY_END_IT),
  once("an array for a body", { kind: "body", text: "[]" }, MAY_END_IT),
  once(
    "missing fields",
    { kind: "rewrite", edit: (body) => edited(body, ({ status: _, tags: __, ...rest }) => rest) },
    MAY_END_IT,
  ),
  once(
    "a field of another type",
    { kind: "rewrite", edit: (body) => edited(body, (one) => ({ ...one, tags: 7 })) },
    MAY_END_IT,
  ),
  once("fields nobody knows", {
    kind: "rewrite",
    edit: (body) => edited(body, (one) => ({ ...one, status_v2: { a: [1, null] }, "": "" })),
  }),
  once("a status nobody knows", {
    kind: "rewrite",
    edit: (body) => edited(body, (one) => ({ ...one, status: "attaching" })),
  }),
  once("a slow answer", { kind: "delay", ms: 400 }),
  once("a slow drip that ends", { kind: "drip", bytesPerSecond: 1_500 }),
  once("an answer longer than the limit", { kind: "body", text: `"${"x".repeat(MANY_BYTES)}"` }, MAY_END_IT),
  once("403 while a grant spreads", { kind: "status", status: 403, body: DENIED }, MAY_END_IT),
  once("401 once", { kind: "status", status: 401 }, MAY_END_IT),
  once("404 once", { kind: "status", status: 404, body: { type: "not_found" } }, MAY_END_IT),
  once("302 to elsewhere", { kind: "status", status: 302, headers: { Location: "http://192.0.2.1/" } }, MAY_END_IT),
  once(
    "429 with an absurd Retry-After",
    { kind: "status", status: 429, headers: { "Retry-After": "999999999" } },
    MAY_END_IT,
  ),
];

/** Strikes a call and all that follow, until the run is over. */
const LASTING: readonly Kind[] = [
  lasting("no answer at all", { kind: "hold", when: "before" }),
  lasting("no answer, though every call acts", { kind: "hold", when: "after" }),
  lasting("a drip that does not end", { kind: "drip", bytesPerSecond: 10 }),
  lasting("every connection cut before acting", { kind: "reset", when: "before" }),
  lasting("every connection cut after acting", { kind: "reset", when: "after" }),
  lasting("429 that stays", { kind: "status", status: 429 }),
  lasting("500 that stays, though every call acts", { kind: "status", status: 500, when: "after" }),
  lasting("503 that stays", { kind: "status", status: 503 }),
  lasting("HTML that stays", { kind: "body", text: HTML, contentType: "text/html" }),
  lasting("409 that does not clear", { kind: "status", status: 409, body: TRANSIENT }),
  lasting("403 that does not clear", { kind: "status", status: 403, body: DENIED }),
  lasting("401, an expired token", { kind: "status", status: 401 }),
  lasting("404 that stays", { kind: "status", status: 404, body: { type: "not_found" } }),
  lasting("a status unknown that stays", {
    kind: "rewrite",
    edit: (body) => edited(body, (one) => ({ ...one, status: "unknown" })),
  }),
  {
    ...{ family: "api", name: "quota of flexible IPs reached", how: "the project may hold no more" },
    injections: ({ action, name }) =>
      action === "register_address_range" && name.includes("created")
        ? [
            ...["at the first", "at the second"].map((point, more) => ({
              point,
              inject: (cloud: TestCloud) => limited(cloud, ofProject(cloud) + more),
            })),
          ].slice(0, name.includes("dual") ? 2 : 1)
        : [],
    expected: () => ({ outcomes: ["refused"], isUndoneAtOnce: true }),
  },
  {
    ...{ family: "api", name: "server full", how: "the server may hold no more flexible IPs" },
    injections: (path) =>
      path.action === "pre" && path.name !== "pre, on the destination of a migration"
        ? [{ point: "at the first attach", inject: (cloud) => full(cloud) }]
        : [],
    expected: () => ({ outcomes: ["refused"] }),
  },
];

export const API_FAULTS: readonly Kind[] = [...PASSING, ...LASTING];

/** Which way stands for each call of each action. */
const STANDS: Readonly<Record<string, readonly CallName[]>> = {
  "register, created": ["create", "mac.generate"],
  "register, adopted by id": ["get", "update"],
  "register, adopted by address": ["list"],
  "unregister, created": ["get", "delete"],
  "unregister, adopted": ["update"],
  "get, the free address": ["get"],
  "allocate, the named address": ["get"],
  "free, attached": ["get", "detach"],
  "free, a NIC's, its alias still attached": ["list"],
  "pre, one NIC": ["get", "attach"],
  "pre, NIC and alias": ["update", "mac.delete", "mac.duplicate"],
  "pre, hand-written range": ["list"],
  "post, taking over one NIC from a lost host": ["get", "detach", "attach"],
  "post, taking over NIC and alias from a lost host": ["list"],
  "clean, one NIC": ["get", "detach"],
  "clean, NIC and alias": ["list"],
};

function once(name: string, what: Do | (() => Do), outcomes: readonly Outcome[] = ["done"]): Kind {
  return {
    ...{ family: "api", name, how: "each call of each action is struck once, where it comes first" },
    injections: (path, { calls }) =>
      (STANDS[path.name] ?? []).map((call) => {
        const skip = calls.indexOf(call);
        return struck(`request ${skip + 1}, ${call}`, what, { skip });
      }),
    expected: () => ({ outcomes, isUndoneAtOnce: true }),
  };
}

function lasting(name: string, what: Do): Kind {
  return {
    ...{ family: "api", name, how: "from the first call on, and from the first one on that changes something" },
    injections: (path, { calls }) =>
      path.isCore || path.name === "pre, NIC and alias"
        ? starts(calls).map((skip) => struck(`from request ${skip + 1} on`, what, { skip, times: 1e9 }))
        : [],
    expected: lastingOutcome,
  };
}

function lastingOutcome({ action }: Path): Expectation {
  if (action === "free_address" || action === "clean") return { outcomes: ["later", "done"] };
  return { outcomes: ["refused", "done"] };
}

function starts(calls: Survey["calls"]): number[] {
  const firstWrite = calls.findIndex(isWrite);
  return [...new Set([0, Math.max(0, firstWrite)])];
}

function struck(point: string, what: Do | (() => Do), where: { skip: number; times?: number }): Injection {
  return {
    point,
    inject: (cloud): Injected => {
      const fault = cloud.rig.simulator.fault({ ...where, do: typeof what === "function" ? what() : what });
      const how = where.times === undefined ? {} : { settings: SHORT };
      return { how, lift: () => fault.remove(), hasStruck: () => fault.hits > 0 };
    },
  };
}

function limited({ account: { limits } }: TestCloud, quota: number): Injected {
  const before = limits.perProject;
  limits.perProject = quota;
  return {
    lift: () => {
      limits.perProject = before;
    },
  };
}

function full(cloud: TestCloud): Injected {
  const { perServerLimit } = cloud.account.behaviour;
  cloud.account.behave({ perServerLimit: on(cloud) });
  return { lift: () => cloud.account.behave({ perServerLimit }) };
}

function ofProject(cloud: TestCloud): number {
  return cloud.account.all().filter(({ project_id: id }) => id === PROJECT).length;
}

function on(cloud: TestCloud): number {
  return cloud.account.all().filter(({ server_id: id }) => id === cloud.server("h1")).length;
}

/** A body with its flexible IP, or all of its page, changed. */
function edited(body: unknown, edit: (one: Readonly<Record<string, unknown>>) => unknown): unknown {
  if (!isRecord(body)) return body;
  const { flexible_ips: list } = body;
  return Array.isArray(list) ? { ...body, flexible_ips: list.filter(isRecord).map(edit) } : edit(body);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
