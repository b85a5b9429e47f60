// A step as `reconcile` prints it, and what applying it means for the guest and the bill. Pure.
import * as z from "zod/mini";
import type { FlexibleIp } from "../../scaleway/flexible-ip.ts";
import type { Column } from "../print/column.ts";
import { STEP_KINDS, type Step, type View } from "./step.ts";

export const stepRow = z.strictObject({
  key: z.string().check(z.describe("names the step for --apply, and the same finding in a later plan")),
  kind: z.enum(STEP_KINDS),
  address: z.nullable(z.string()),
  action: z
    .nullable(z.enum(["undo-registration", "delete", "detach", "restore-tags", "remove-tags", "attach", "move"]))
    .check(z.describe("null: nothing can be done from here")),
  apply: z
    .enum(["auto", "by-key", "manual", "young"])
    .check(
      z.describe(
        "auto: by --apply; by-key: by --apply KEY; manual: by a person; young: changed within the time of grace, not judged yet",
      ),
    ),
  result: z.nullable(z.enum(["done", "later", "changed", "failed"])).check(z.describe("null: not applied")),
  error: z.nullable(z.string()).check(z.describe("why it failed, for people")),
  guest: z
    .enum(["none", "online", "new-address", "may-lose"])
    .check(z.describe("what applying it means for the guest")),
  bill: z.enum(["same", "less", "keeps"]).check(z.describe("what applying it means for the bill")),
  reason: z.string().check(z.describe("for people; its words may change")),
});
export type StepRow = z.infer<typeof stepRow>;

const GUEST: Readonly<Record<StepRow["guest"], string>> = {
  none: "no guest notices",
  online: "the guest is online again",
  "new-address": "the guest needs a new address",
  "may-lose": "what uses it on its server loses it",
};
const BILL: Readonly<Record<StepRow["bill"], string>> = {
  same: "the bill stays",
  less: "the address is lost forever, and off the bill",
  keeps: "on the bill even without a range",
};

export const STEP_COLUMNS: readonly Column<StepRow>[] = [
  { key: "key", title: "KEY", rank: 0 },
  { key: "action", title: "ACTION", rank: 0 },
  { key: "apply", title: "APPLY", rank: 0, style: (apply) => (apply === "auto" ? "green" : "yellow") },
  {
    key: "result",
    title: "RESULT",
    rank: 1,
    text: ({ result, error }) => (error === null ? (result ?? "") : `failed: ${error}`),
    style: (result) => (result === "done" ? "green" : undefined),
  },
  { key: "cost", title: "COST", rank: 3, text: ({ guest, bill }) => `${GUEST[guest]}; ${BILL[bill]}` },
  { key: "reason", title: "REASON", rank: 0 },
];

export type Result = Pick<StepRow, "result" | "error">;

/** The row of a step, with what came of applying it. */
export function rowOf(view: View, step: Step, isYoung: boolean, { result, error }: Result): StepRow {
  const { kind, key, address, reason, remedy, isSafe } = step;
  const apply = remedy.do === "none" ? "manual" : isSafe ? "auto" : "by-key";
  return {
    key,
    kind,
    address: address ?? null,
    action: remedy.do === "none" ? null : remedy.do,
    apply: isYoung ? "young" : apply,
    result,
    error,
    ...costOf(view, step),
    reason,
  };
}

function costOf(view: View, { kind, remedy }: Step): Pick<StepRow, "guest" | "bill"> {
  switch (remedy.do) {
    case "attach":
    case "move":
      return { guest: "online", bill: "same" };
    case "delete":
      return { guest: remedy.flexibleIp.serverId === undefined ? "none" : "may-lose", bill: "less" };
    case "detach":
      return { guest: remedy.flexibleIps.some((one) => isElsewhere(view, one)) ? "may-lose" : "none", bill: "same" };
    case "undo-registration":
      return { guest: "none", bill: "less" };
    case "restore-tags":
    case "remove-tags":
      return { guest: "none", bill: "keeps" };
    case "none":
      return { guest: ["missing", "recycled", "wrong-mac"].includes(kind) ? "new-address" : "none", bill: "same" };
  }
}

/** On a server that is no host of this cloud, where something else may use it. */
function isElsewhere(view: View, { serverId }: FlexibleIp): boolean {
  return serverId !== undefined && ![...view.servers.values()].includes(serverId);
}
