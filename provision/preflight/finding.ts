// One line of the preflight's list.

/** `unknown`: it could not be found out here, and somebody should look. */
export type Finding = {
  readonly verdict: "ok" | "missing" | "unknown";
  readonly what: string;
  /** For what is missing or unknown: the next move. */
  readonly next?: string;
};

const MARKS = { ok: "ok      ", missing: "MISSING ", unknown: "look    " } as const;

export function ok(what: string): Finding {
  return { verdict: "ok", what };
}

export function missing(what: string, next: string): Finding {
  return { verdict: "missing", what, next };
}

export function unknown(what: string, next: string): Finding {
  return { verdict: "unknown", what, next };
}

/** `MISSING  what; next move`. */
export function renderFinding({ verdict, what, next }: Finding): string {
  return `${MARKS[verdict]} ${what}${next === undefined ? "" : `; ${next}`}`;
}
