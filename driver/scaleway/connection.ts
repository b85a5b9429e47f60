// The one connection to the API: undici's own client, without the rest of undici.
import Client from "undici/lib/dispatcher/client.js";
import type { Connection } from "../machine.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** A connection that is made by its first request. Time limits are the caller's. */
export function connect(origin: string): Connection {
  return new Client(origin, {
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
    pipelining: 1,
  });
}
