// What the API, or what stands between it and the driver, can do to a call: once, or from then on. Which answers the
// driver takes for passing is in test/scaleway/http.test.ts; here is one of each sort.
import type { CallName, FaultSpec } from "../fakes/flexible-ip-server.ts";
import { PROJECT } from "../rig.ts";
import { isWrite, type Kind, type Survey, throughout } from "./kind.ts";
import type { Path } from "./path.ts";
import type { Expectation, Injected, Injection, Outcome } from "./play.ts";
import { SHORT, type TestCloud } from "./test-cloud.ts";

type Do = FaultSpec["do"];

const TRANSIENT = { type: "transient_state", message: "resource is in a transient state" };
const DENIED = { type: "permissions_denied", message: "insufficient permissions", details: [] };
const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/** For what a second try would not help against: the action may end with it, if nothing is left. */
const MAY_END_IT: readonly Outcome[] = ["done", "later", "refused"];

export const API_FAULTS: readonly Kind[] = [
  once("connection cut before the call acts", { kind: "reset", when: "before" }),
  once("connection cut after the call acted", { kind: "reset", when: "after" }),
  once("409 that clears", { kind: "status", status: 409, body: TRANSIENT }),
  once("429 with Retry-After in seconds", { kind: "status", status: 429, headers: { "Retry-After": "1" } }),
  once("500 after the call acted", { kind: "status", status: 500, body: { message: "internal error" }, when: "after" }),
  once("503", { kind: "status", status: 503 }),
  once("HTML with status 200", { kind: "status", status: 200, body: HTML, when: "after" }),
  once("cut JSON", { kind: "status", status: 200, body: '{"id":"0a11ce00-0000-4000-8000-0000000000', when: "after" }),
  once("empty body", { kind: "status", status: 200, when: "after" }),
  once("missing fields", rewritten({ status: undefined, tags: undefined }), MAY_END_IT),
  once("fields nobody knows", rewritten({ status_v2: { a: [1, null] }, "": "" })),
  once("a status nobody knows", rewritten({ status: "attaching" })),
  once("403 while a grant spreads", { kind: "status", status: 403, body: DENIED }, MAY_END_IT),
  once("404 once", { kind: "status", status: 404, body: { type: "not_found" } }, MAY_END_IT),
  once(
    "429 with an absurd Retry-After",
    { kind: "status", status: 429, headers: { "Retry-After": "999999999" } },
    MAY_END_IT,
  ),
  lasting("no answer at all", { kind: "hold", when: "before" }),
  lasting("no answer, though every call acts", { kind: "hold", when: "after" }),
  lasting("a drip that does not end", { kind: "drip", bytesPerSecond: 10 }),
  lasting("every connection cut before acting", { kind: "reset", when: "before" }),
  lasting("500 that stays, though every call acts", { kind: "status", status: 500, when: "after" }),
  lasting("503 that stays", { kind: "status", status: 503 }),
  lasting("HTML that stays", { kind: "status", status: 200, body: HTML, when: "after" }),
  lasting("409 that does not clear", { kind: "status", status: 409, body: TRANSIENT }),
  lasting("403 that does not clear", { kind: "status", status: 403, body: DENIED }),
  lasting("401, an expired token", { kind: "status", status: 401 }),
  lasting("a status unknown that stays", rewritten({ status: "unknown" })),
  {
    ...{ family: "api", name: "quota of flexible IPs reached", how: "the project may hold no more" },
    injections: ({ name }) => {
      const dual = name === "register, dual stack, created" ? [limited("at the second", 1)] : [];
      return dual.length > 0 || name === "register, created" ? [limited("at the first", 0), ...dual] : [];
    },
    expected: () => ({ outcomes: ["refused"] }),
  },
  {
    ...{ family: "api", name: "server full", how: "the server may hold no more flexible IPs" },
    injections: ({ action, name }) =>
      action === "pre" && name !== "pre, on the destination of a migration"
        ? [{ point: "at the first attach", inject: full }]
        : [],
    expected: () => ({ outcomes: ["refused"] }),
  },
  throughout(
    "a listing that stands still",
    "the API lists what was there before; reads by id are right",
    ({ account }) => {
      account.behave({ listing: "frozen" });
      return { lift: () => account.behave({ listing: "current" }) };
    },
    { family: "api" },
  ),
];

/** Which way stands for each call of each action. */
const STANDS: Readonly<Record<string, readonly CallName[]>> = {
  "register, created": ["create", "mac.generate"],
  "register, adopted by id": ["get", "update"],
  "register, adopted by address": ["list"],
  "unregister, created": ["get", "delete"],
  "unregister, adopted": ["update"],
  "get, the free address": ["get"],
  "allocate, the named address": ["get"],
  "free, attached": ["get"],
  "pre, one NIC": ["get", "attach"],
  "pre, NIC and alias": ["update", "mac.delete", "mac.duplicate"],
  "pre, hand-written range": ["list"],
  "post, taking over one NIC from a lost host": ["get", "detach", "attach"],
  "post, taking over NIC and alias from a lost host": ["list"],
  "clean, one NIC": ["get", "detach"],
  "clean, NIC and alias": ["list"],
};

function once(name: string, what: Do, outcomes: readonly Outcome[] = ["done"]): Kind {
  return {
    ...{ family: "api", name, how: "each call of each action is struck once, where it comes first" },
    injections: (path, { calls }) =>
      (STANDS[path.name] ?? []).map((call) => {
        const skip = calls.indexOf(call);
        if (skip < 0) throw new Error(`${path.name} has no ${call}`);
        return struck(`request ${skip + 1}, ${call}`, { skip, do: what });
      }),
    expected: () => ({ outcomes }),
  };
}

function lasting(name: string, what: Do): Kind {
  return {
    ...{ family: "api", name, how: "from the first call on, and from the first one on that changes something" },
    injections: (path, { calls }) =>
      path.isCore || path.name === "pre, NIC and alias"
        ? starts(calls).map((skip) => struck(`from request ${skip + 1} on`, { skip, times: 1e9, do: what }))
        : [],
    expected: lastingOutcome,
  };
}

function lastingOutcome({ action }: Path): Expectation {
  if (action === "free_address" || action === "clean") return { outcomes: ["later", "done"] };
  return { outcomes: ["refused", "done"], mayLeak: true };
}

function starts(calls: Survey["calls"]): number[] {
  const firstWrite = calls.findIndex(isWrite);
  return [...new Set([0, Math.max(0, firstWrite)])];
}

function struck(point: string, spec: FaultSpec): Injection {
  return {
    point,
    inject: ({ rig }) => {
      const fault = rig.simulator.fault(spec);
      const how = spec.times === undefined ? {} : { settings: SHORT };
      return { how, lift: () => fault.remove(), hasStruck: () => fault.hits > 0 };
    },
  };
}

function limited(point: string, more: number): Injection {
  return {
    point,
    inject: ({ account }) => {
      const { limits } = account;
      const before = limits.perProject;
      limits.perProject = account.all().filter(({ project_id: id }) => id === PROJECT).length + more;
      return { lift: () => void Object.assign(limits, { perProject: before }) };
    },
  };
}

function full({ account, server }: TestCloud): Injected {
  const { perServerLimit } = account.behaviour;
  account.behave({ perServerLimit: account.all().filter(({ server_id: id }) => id === server("h1")).length });
  return { lift: () => account.behave({ perServerLimit }) };
}

/** A body with other fields in its flexible IP, or in all of its page; JSON has no undefined ones. */
function rewritten(fields: Readonly<Record<string, unknown>>): Do {
  const edit = (body: unknown): unknown => {
    if (typeof body !== "object" || body === null) return body;
    const list = "flexible_ips" in body ? body.flexible_ips : undefined;
    return Array.isArray(list) ? { ...body, flexible_ips: list.map(edit) } : { ...body, ...fields };
  };
  return { kind: "rewrite", edit };
}
