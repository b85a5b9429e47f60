/** One thing that was looked at. */
export type Finding = {
  readonly level: "ok" | "warning" | "failure";
  readonly check: string;
  readonly why: string;
  /** The command that mends it; empty when it is ok. */
  readonly cure: string;
};

export function ok(check: string, why: string): Finding {
  return { level: "ok", check, why, cure: "" };
}

export function warning(check: string, why: string, cure: string): Finding {
  return { level: "warning", check, why, cure };
}

export function failure(check: string, why: string, cure: string): Finding {
  return { level: "failure", check, why, cure };
}
