import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, CallName } from "./flexible-ip-routes.ts";

/** One request as it arrived, and what came of it. */
export type LoggedRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly call: CallName;
  readonly body: unknown;
  /** Undefined until it is answered. */
  status: number | undefined;
  /** It is not answered, and its caller still waits. */
  isOpen: boolean;
};

/** A request that waits for its answer: what it asks for can be done, and an answer be given, at separate times. */
export class Exchange {
  readonly request: LoggedRequest;
  /** Acts on the account and says what the API would answer. */
  readonly act: () => Answer;
  readonly #response: ServerResponse;

  constructor(asked: Omit<LoggedRequest, "status" | "isOpen">, act: () => Answer, response: ServerResponse) {
    this.request = { ...asked, status: undefined, isOpen: true };
    this.act = act;
    this.#response = response;
    response.once("close", () => {
      this.request.isOpen = false;
    });
  }

  /** Answers; a body that is a string goes out as it is. */
  send(answer: Answer, headers: Record<string, string> = {}): void {
    this.#response.end(this.#begin(answer, headers));
  }

  /** Sends the answer piece by piece, ten times a second; an abort of the signal sends the rest at once. */
  async drip(answer: Answer, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    const bytes = Buffer.from(this.#begin(answer, {}));
    this.#response.flushHeaders();
    let sent = 0;
    while (sent < bytes.length && !signal.aborted && !this.#response.destroyed) {
      const from = sent;
      sent += Math.ceil(bytesPerSecond / 10);
      this.#response.write(bytes.subarray(from, sent));
      await sleep(100, undefined, { signal }).catch(() => {});
    }
    this.#response.end(bytes.subarray(sent));
  }

  /** Cuts the connection without an answer. */
  reset(): void {
    this.#response.destroy();
  }

  /** Sets status and headers, unless the caller has gone. Returns the body's text. */
  #begin({ status, body = "" }: Answer, headers: Record<string, string>): string {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    if (this.#response.destroyed) return text;
    this.request.status = status;
    this.request.isOpen = false;
    this.#response.statusCode = status;
    this.#response.setHeader("X-Request-Id", randomUUID());
    if (text !== "") {
      this.#response.setHeader("Content-Type", "application/json");
      this.#response.setHeader("Content-Length", Buffer.byteLength(text));
    }
    for (const [name, value] of Object.entries(headers)) this.#response.setHeader(name, value);
    return text;
  }
}
