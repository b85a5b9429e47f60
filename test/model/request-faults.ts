// What can go wrong with a request, and with the process that sends it.

export const FAULT_KINDS = [
  "reset-before",
  "reset-after",
  "500-before",
  "500-after",
  "503",
  "429",
  "429-retry-after",
  "400",
  "409",
  "html",
  "cut",
  "silence",
  "kill-before",
  "kill-after",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Hits the requests of one action from its `request`-th on, `times` of them. */
export type Fault = {
  /** Which action of the step, from 0. */
  readonly action: number;
  readonly request: number;
  readonly kind: FaultKind;
  readonly times: number;
};

export function isKill(kind: FaultKind): boolean {
  return kind === "kill-before" || kind === "kill-after";
}

/** What the client gets to see. */
export type Reply =
  | { readonly kind: "answer"; readonly status: number; readonly text: string; readonly headers: Headers }
  /** The connection is cut. */
  | { readonly kind: "reset" }
  /** No answer ever comes. */
  | { readonly kind: "silence" }
  /** The process dies here. */
  | { readonly kind: "kill" };

export type Headers = Readonly<Record<string, string>>;

/** What the fault answers instead of, or after, what the account did. */
export function replyOf(kind: FaultKind, act: () => Reply): Reply {
  switch (kind) {
    case "reset-before":
      return { kind: "reset" };
    case "reset-after":
      act();
      return { kind: "reset" };
    case "500-before":
      return refusal(500, "internal_error");
    case "500-after":
      act();
      return refusal(500, "internal_error");
    case "503":
      return refusal(503, "unavailable");
    case "429":
      return refusal(429, "too_many_requests");
    case "429-retry-after":
      return refusal(429, "too_many_requests", { "retry-after": "1" });
    // What no repeating fixes.
    case "400":
      return refusal(400, "invalid_arguments");
    case "409":
      return refusal(409, "transient_state");
    case "html":
      return answer(502, "<html>Bad Gateway</html>");
    case "cut": {
      const whole = act();
      return whole.kind === "answer" && whole.status === 200
        ? { ...whole, text: whole.text.slice(0, whole.text.length / 2) }
        : whole;
    }
    case "silence":
      return { kind: "silence" };
    case "kill-before":
      return { kind: "kill" };
    case "kill-after":
      act();
      return { kind: "kill" };
  }
}

export function answer(status: number, text: string, headers: Headers = {}): Reply {
  return { kind: "answer", status, text, headers };
}

function refusal(status: number, type: string, headers: Headers = {}): Reply {
  return answer(status, JSON.stringify({ message: "injected", type }), headers);
}
