// An answer of the API that is no success → ApiError: the call, the API's own reason, its request id, the next move.
import * as z from "zod/mini";
import { $ZodError } from "zod/v4/core";
import { ApiError, messageOf } from "../errors.ts";
import type { Answer } from "./http.ts";
import { PASSING_STATUSES } from "./retry.ts";

const MAX_REASON = 300;
const TOO_LARGE = "UND_ERR_RES_EXCEEDED_MAX_SIZE";

// Each field is checked alone: a field that does not fit must not hide the others.
const text = z.catch(z.optional(z.string()), undefined);
const count = z.catch(z.optional(z.number()), undefined);
const detail = z.looseObject({
  argument_name: text,
  reason: text,
  resource: text,
  action: text,
  quota: count,
  current: count,
});
const errorBody = z.looseObject({
  message: text,
  type: text,
  help_message: text,
  current_state: text,
  details: z.catch(z.optional(z.array(z.catch(z.optional(detail), undefined))), undefined),
});
type ErrorBody = z.infer<typeof errorBody>;
type Detail = NonNullable<NonNullable<ErrorBody["details"]>[number]>;

/** The API answered `what` with a status that is no success. A body that does not fit never hides the status. */
export function answerError(what: string, answer: Answer): ApiError {
  const body = parseErrorBody(answer.text);
  const reason = `${answer.status} ${oneLine(reasonsOf(body).join(", "))}`;
  return new ApiError(join(what, reason, answer.requestId), nextMove(what, answer.status, body.type), {
    status: answer.status,
    type: body.type,
    requestId: answer.requestId,
    retryAfterMs: answer.retryAfterMs,
  });
}

/** The API answered with a success whose body is not what it promises. */
export function bodyError(what: string, answer: Answer, cause: unknown): ApiError {
  const { status, requestId } = answer;
  const reason = `the answer does not fit (${oneLine(bodyFault(cause))})`;
  return new ApiError(join(what, reason, requestId), "ask Scaleway whether the API changed", {
    status,
    requestId,
    // A missing body, a proxy's page or a cut body may be right next time; JSON of another form will not.
    isFinal: cause instanceof $ZodError && answer.text !== "",
    cause,
  });
}

/** No answer came. */
export function connectionError(what: string, origin: string, cause: unknown): ApiError {
  return new ApiError(`${what}: ${origin} ${connectionFault(cause)}`, "check the network and API_URL", {
    isFinal: errorCode(cause) === TOO_LARGE,
    cause,
  });
}

function join(what: string, reason: string, requestId: string | undefined): string {
  return `${what}: ${reason.trim()}${requestId === undefined ? "" : ` (request ${requestId})`}`;
}

function parseErrorBody(content: string): ErrorBody {
  try {
    return z.parse(errorBody, JSON.parse(content));
  } catch {
    return {};
  }
}

function reasonsOf(body: ErrorBody): string[] {
  const details = (body.details ?? []).map((one) => (one === undefined ? "" : detailText(one)));
  return [body.message ?? "", body.help_message ?? "", body.current_state ?? "", ...details].filter(
    (part) => part !== "",
  );
}

function detailText(detail: Detail): string {
  if (detail.argument_name !== undefined) return `${detail.argument_name}: ${detail.reason ?? "invalid"}`;
  if (detail.quota !== undefined)
    return `quota of ${detail.quota} ${detail.resource ?? ""}, ${detail.current ?? "all"} in use`;
  if (detail.action !== undefined) return `${detail.action} ${detail.resource ?? ""}`.trim();
  return detail.reason ?? "";
}

function nextMove(what: string, status: number, type: string | undefined): string {
  if (type?.startsWith("quota") && what.startsWith("attach")) {
    return "start the VM on another host, since this server has as many flexible IPs as it takes (64)";
  }
  if (type?.startsWith("quota")) return "raise the quota or remove an address range";
  if (type === "locked") return "look it up in the Scaleway console";
  if (status >= 300 && status < 400) return "check API_URL";
  switch (status) {
    case 401:
      return "put a valid secret key into TOKEN_FILE";
    case 403:
      return "give the token's application ElasticMetalFullAccess in the project (a new grant takes up to 2 minutes)";
    case 429:
      return "try again in a minute";
    default:
      return status >= 500 || PASSING_STATUSES.includes(status)
        ? "try again"
        : "check PROJECT_ID, ZONE and the address range";
  }
}

function bodyFault(cause: unknown): string {
  if (cause instanceof $ZodError) {
    return cause.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join(", ");
  }
  return cause instanceof SyntaxError ? "no JSON" : messageOf(cause);
}

function connectionFault(cause: unknown): string {
  const code = errorCode(cause);
  switch (code) {
    case "ECONNREFUSED":
      return "refused the connection";
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return "closed the connection before it answered";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "cannot be resolved by DNS";
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return "did not answer in time";
    case TOO_LARGE:
      return "sent a larger answer than the API ever does";
    default:
      return `cannot be reached (${oneLine(messageOf(cause))})`;
  }
}

// Several addresses tried in turn fail with one AggregateError, whose own code is that of the first.
function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
}
