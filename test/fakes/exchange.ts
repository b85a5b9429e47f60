import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, CallName } from "./flexible-ip-routes.ts";

/** One request as it arrived, and what came of it. `status` and `durationMs` stay undefined while it is open. */
export type LoggedRequest = {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly call: CallName;
  readonly body: unknown;
  readonly at: number;
  readonly userAgent: string;
  readonly authorized: boolean;
  status: number | undefined;
  durationMs: number | undefined;
};

/** A request that waits for its answer: what it asks for can be done, and an answer be given, at separate times. */
export class Exchange {
  readonly request: LoggedRequest;
  /** Acts on the account and says what the API would answer. */
  readonly act: () => Answer;
  readonly #response: ServerResponse;

  constructor(request: LoggedRequest, act: () => Answer, response: ServerResponse) {
    this.request = request;
    this.act = act;
    this.#response = response;
    response.once("close", () => {
      request.durationMs ??= Date.now() - request.at;
    });
  }

  send({ status, body }: Answer, headers: Record<string, string> = {}): void {
    this.sendText(status, body === undefined ? "" : JSON.stringify(body), headers);
  }

  sendText(status: number, text: string, headers: Record<string, string> = {}): void {
    if (this.#begin(status, text, headers)) this.#response.end(text);
  }

  /** Sends the answer piece by piece, ten times a second; an abort of the signal sends the rest at once. */
  async drip({ status, body }: Answer, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    const text = body === undefined ? "" : JSON.stringify(body);
    if (!this.#begin(status, text, {})) return;
    const bytes = Buffer.from(text);
    const perStep = Math.max(1, Math.floor(bytesPerSecond / 10));
    const stepMs = (perStep / bytesPerSecond) * 1_000;
    this.#response.flushHeaders();
    let sent = 0;
    while (sent < bytes.length && !signal.aborted && !this.#response.destroyed) {
      this.#response.write(bytes.subarray(sent, sent + perStep));
      sent += perStep;
      await sleep(stepMs, undefined, { signal }).catch(() => {});
    }
    this.#response.end(bytes.subarray(sent));
  }

  /** Cuts the connection without an answer. */
  reset(): void {
    this.#response.destroy();
  }

  #begin(status: number, text: string, headers: Record<string, string>): boolean {
    if (this.#response.destroyed) return false;
    this.request.status = status;
    this.request.durationMs = Date.now() - this.request.at;
    this.#response.statusCode = status;
    this.#response.setHeader("X-Request-Id", randomUUID());
    if (text !== "") {
      this.#response.setHeader("Content-Type", "application/json");
      this.#response.setHeader("Content-Length", Buffer.byteLength(text));
    }
    for (const [name, value] of Object.entries(headers)) this.#response.setHeader(name, value);
    return true;
  }
}
