// Which steps of a plan are applied: named ones, the safe ones, or all; and what is refused.
import { RefusedError } from "../../errors.ts";
import { cloudOf } from "../../flexible-ip/ownership.ts";
import { type Leadership, leads } from "../one/leader.ts";
import type { Survey } from "../survey.ts";
import type { Step } from "./step.ts";

export type Asked = "all" | "safe" | readonly string[];
export type Choice = {
  readonly steps: ReadonlySet<Step>;
  /** Why less is done than was asked for. */
  readonly reservation: string | undefined;
};

type Found = Pick<Survey, "steps" | "young" | "view">;

/** The steps to apply. Where OpenNebula does not lead, only those of this front-end's own journal. Throws RefusedError. */
export function chooseSteps(asked: Asked, found: Found, leadership: Leadership): Choice {
  const chosen = asked === "all" ? all(found) : asked === "safe" ? safe(found) : byKey(asked, found);
  if (leads(leadership)) return chosen;
  const own = [...chosen.steps].filter(({ remedy }) => remedy.do === "undo-registration");
  const reservation = `${leadership.why}; only what this front-end's own journal asks for is done; run this on the leader`;
  return { steps: new Set(own), reservation };
}

function safe({ steps, view }: Found): Choice {
  const chosen = new Set(steps.filter(({ isSafe }) => isSafe));
  const left = steps.filter(({ kind }) => kind === "orphan" || kind === "left-adopted").length;
  const isEmpty = view.ranges.length === 0 && left > 0;
  const reservation = `OpenNebula shows no range of the driver, but ${left} addresses carry this cloud's tags; check onevnet list`;
  return { steps: chosen, reservation: isEmpty ? reservation : undefined };
}

function byKey(keys: readonly string[], { steps, young }: Found): Choice {
  const unknown = keys.filter((key) => !steps.some((step) => step.key === key));
  const early = unknown.filter((key) => young.some((step) => step.key === key));
  if (early.length > 0) {
    throw new RefusedError(`${early.join(", ")} changed a moment ago; wait, or add --grace 0`);
  }
  if (unknown.length > 0) {
    throw new RefusedError(
      `the current plan has no step ${unknown.join(", ")}; run scw-flexip reconcile to list the keys`,
    );
  }
  return { steps: new Set(steps.filter(({ key }) => keys.includes(key))), reservation: undefined };
}

function all(found: Found): Choice {
  const { steps, view } = found;
  const isDoubtful = steps.some(({ kind }) => kind === "same-name");
  const chosen = steps.filter((step) => step.remedy.do !== "none" && !(needsKey(step) || (isDoubtful && isLoss(step))));
  const deleted = chosen.filter(({ remedy }) => remedy.do === "delete").length;
  const own = view.flexibleIps.filter((one) => cloudOf(one) === view.cloud).length;
  if (deleted > 0 && view.ranges.length === 0) {
    throw new RefusedError(
      `OpenNebula shows no range of the driver, and --apply-all would delete ${deleted} addresses; check onevnet list, then name the steps: --apply KEY`,
    );
  }
  if (deleted * 2 > own) {
    throw new RefusedError(
      `--apply-all would delete ${deleted} of the ${own} addresses of this cloud; check onevnet list, then name the steps: --apply KEY`,
    );
  }
  const left = steps.filter((step) => step.remedy.do !== "none" && !chosen.includes(step)).length;
  const reservation = `${left} that may serve somebody are left: name them, --apply KEY`;
  return { steps: new Set(chosen), reservation: left > 0 ? reservation : undefined };
}

/** An attached address may be in use, whatever OpenNebula shows. */
function needsKey({ remedy }: Step): boolean {
  return remedy.do === "delete" && remedy.flexibleIp.serverId !== undefined;
}

function isLoss({ remedy }: Step): boolean {
  return remedy.do === "delete" || remedy.do === "remove-tags";
}
