// One connection to the API: token, timeouts, retries, and every failure turned into an ApiError.
import type { Deadline } from "../deadline.ts";
import type { Log } from "../log.ts";
import type { AnswerHeaders, Connection, Machine } from "../machine.ts";
import { answerError, bodyError, connectionError } from "./api-error.ts";
import { insist } from "./retry.ts";

const ATTEMPT_TIMEOUT_MS = 15_000;

/** The headers of an answer that callers use. */
export type AnswerFacts = {
  /** The API's clock. */
  readonly date: string | undefined;
  readonly requestId: string | undefined;
};

export type Request<T> = {
  /** The call, for messages: "attach flexible IP 203.0.113.7 to server …". */
  readonly what: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** Repeated after a failure that may pass. Only for calls that have the same effect twice. */
  readonly repeat: boolean;
  readonly parse: (body: unknown, facts: AnswerFacts) => T;
};

export type HttpOptions = {
  readonly apiUrl: string;
  readonly token: string;
  readonly userAgent: string;
  readonly deadline: Deadline;
  /** How long one request is repeated at most; undefined: until the deadline. */
  readonly patienceMs: number | undefined;
  readonly log: Log;
  readonly machine: Machine;
};

export type Answer = AnswerFacts & {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
};

/** Requests to one origin over one kept connection, none of which outlives the deadline. Redirects are not followed. */
export class Http {
  readonly #options: HttpOptions;
  readonly #origin: string;
  readonly #basePath: string;
  #connection: Connection | undefined;

  constructor(options: HttpOptions) {
    const url = new URL(options.apiUrl);
    this.#options = options;
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/$/, "");
  }

  /** The parsed answer. Throws ApiError, or DeadlineError when the time is up. */
  async send<T>(request: Request<T>): Promise<T> {
    if (!request.repeat) return this.#attempt(request);
    const { answer } = await insist(this.#options, async () => ({ answer: await this.#attempt(request) }));
    return answer;
  }

  /** Drops the connection without waiting for anything. */
  close(): void {
    this.#connection?.destroy().catch(() => {});
    this.#connection = undefined;
  }

  async #attempt<T>(request: Request<T>): Promise<T> {
    const { deadline, log, machine } = this.#options;
    deadline.throwIfOver();
    const start = machine.elapsed();
    const answer = await this.#exchange(request);
    log.debug(`call ${request.method} ${request.path.split("?")[0]} → ${answer.status}`, {
      request_id: answer.requestId,
      duration_ms: Math.round(machine.elapsed() - start),
    });
    if (answer.status < 200 || answer.status > 299) throw answerError(request.what, answer);
    try {
      return request.parse(answer.text === "" ? null : JSON.parse(answer.text), answer);
    } catch (cause) {
      throw bodyError(request.what, answer, cause);
    }
  }

  #exchange(request: Request<unknown>): Promise<Answer> {
    const { deadline, machine, token, userAgent } = this.#options;
    return new Promise((resolve, reject) => {
      // The attempt's time starts when the connection is free for it: a request in the queue has not been sent yet.
      let forget = (): void => {};
      const fail = (error: unknown): void => {
        forget();
        deadline.signal.removeEventListener("abort", stop);
        reject(error);
      };
      // A request cannot be cancelled alone before it has its connection, so the whole connection is dropped.
      const stop = (): void => {
        fail(deadline.signal.reason);
        this.close();
      };
      const giveUp = (): void => {
        fail(connectionError(request.what, this.#origin, Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
        this.close();
      };
      deadline.signal.addEventListener("abort", stop, { once: true });

      const chunks: Buffer[] = [];
      let status = 0;
      let headers: AnswerHeaders = {};
      this.#connected().dispatch(
        {
          path: this.#basePath + request.path,
          method: request.method,
          headers: {
            "x-auth-token": token,
            "user-agent": userAgent,
            accept: "application/json",
            ...(request.body === undefined ? {} : { "content-type": "application/json" }),
          },
          body: request.body === undefined ? null : JSON.stringify(request.body),
        },
        {
          onRequestStart() {
            forget = machine.after(ATTEMPT_TIMEOUT_MS, giveUp);
          },
          onResponseStart(_controller, statusCode, answerHeaders) {
            status = statusCode;
            headers = answerHeaders;
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            forget();
            deadline.signal.removeEventListener("abort", stop);
            // An answer may echo what it was asked with: the token never gets near a message.
            resolve({
              status,
              text: Buffer.concat(chunks).toString("utf8").replaceAll(token, "***"),
              requestId: single(headers["x-request-id"])?.replaceAll(token, "***"),
              retryAfterMs: retryAfterMs(single(headers["retry-after"])),
              date: single(headers.date),
            });
          },
          onResponseError: (_controller, error) => {
            // The connection ends with the deadline, and requests that waited for it fail for the same reason.
            fail(deadline.signal.aborted ? deadline.signal.reason : connectionError(request.what, this.#origin, error));
          },
        },
      );
    });
  }

  #connected(): Connection {
    this.#connection ??= this.#options.machine.connect(this.#origin);
    return this.#connection;
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

// RFC 9110: seconds or a date. A date further off than the deadline ends the retries by itself.
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
