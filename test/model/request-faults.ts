// What can go wrong with a request, and with the process that sends it.

type Headers = Readonly<Record<string, string>>;

/** What the client gets to see. */
export type Reply =
  | { readonly kind: "answer"; readonly status: number; readonly text: string; readonly headers: Headers }
  /** The connection is cut. */
  | { readonly kind: "reset" }
  /** No answer ever comes. */
  | { readonly kind: "silence" }
  /** The process dies here. */
  | { readonly kind: "kill" };

/** Makes the reply. `act` has the account do what was asked, and returns its answer. */
type Fault = (act: () => Reply) => Reply;

const instead = (reply: Reply): Fault => {
  return () => reply;
};
const afterwards = (reply: Reply): Fault => {
  return (act) => {
    act();
    return reply;
  };
};
const RESET: Reply = { kind: "reset" };
const KILL: Reply = { kind: "kill" };

export const FAULTS: ReadonlyMap<string, Fault> = new Map([
  ["reset-before", instead(RESET)],
  ["reset-after", afterwards(RESET)],
  ["500-before", instead(refusal(500, "internal_error"))],
  ["500-after", afterwards(refusal(500, "internal_error"))],
  ["503", instead(refusal(503, "unavailable"))],
  ["429", instead(refusal(429, "too_many_requests"))],
  ["429-retry-after", instead(refusal(429, "too_many_requests", { "retry-after": "1" }))],
  // What no repeating fixes.
  ["400", instead(refusal(400, "invalid_arguments"))],
  ["409", instead(refusal(409, "transient_state"))],
  ["html", instead(answer(502, "<html>Bad Gateway</html>"))],
  ["cut", (act) => firstHalf(act())],
  ["silence", instead({ kind: "silence" })],
  ["kill-before", instead(KILL)],
  ["kill-after", afterwards(KILL)],
]);

export function isKill(fault: string): boolean {
  return fault.startsWith("kill");
}

export function answer(status: number, text: string, headers: Headers = {}): Reply {
  return { kind: "answer", status, text, headers };
}

function refusal(status: number, type: string, headers: Headers = {}): Reply {
  return answer(status, JSON.stringify({ message: "injected", type }), headers);
}

function firstHalf(whole: Reply): Reply {
  if (whole.kind !== "answer" || whole.status !== 200) return whole;
  return { ...whole, text: whole.text.slice(0, whole.text.length / 2) };
}
