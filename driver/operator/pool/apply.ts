// One step of a pool run: a range bought, taken over or given back.
import { DriverError, messageOf } from "../../errors.ts";
import { audit } from "../audit.ts";
import { listRanges, type Network } from "../one/networks.ts";
import { oneChange } from "../one/one-command.ts";
import type { Operator } from "../operator.ts";
import { addRange } from "../range-add.ts";
import type { PoolStep } from "./plan.ts";

export const DONE = "done";

/** `result`: DONE, or why not. A range that was leased since the plan just stays, which is no failure. */
export type StepEnd = { readonly result: string; readonly isFailed: boolean };

/** Does the step and notes it in the audit log. */
export async function applyStep(operator: Operator, network: Network, step: PoolStep): Promise<StepEnd> {
  try {
    const end = await act(operator, network, step);
    if (end.result === DONE) {
      audit(operator, { what: `pool ${network.name}: ${step.do}`, address: addressOf(step) || undefined });
    }
    return end;
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return { result: messageOf(error), isFailed: true };
  }
}

/** Empty where the address is not known before it is bought. */
export function addressOf(step: PoolStep): string {
  if (step.do === "buy") return "";
  return step.do === "adopt" ? step.flexibleIp.address : step.range.ip;
}

async function act(operator: Operator, network: Network, step: PoolStep): Promise<StepEnd> {
  if (step.do === "remove") return remove(operator, network, step.range.arId);
  const adopted = step.do === "adopt" ? step.flexibleIp : undefined;
  const failure = await addRange(operator, network, { isDualStack: false, adopted });
  return { result: failure ?? DONE, isFailed: failure !== undefined };
}

/** Without --force oned refuses a range with a lease, whenever the lease began. */
async function remove(operator: Operator, network: Network, arId: string): Promise<StepEnd> {
  const before = await obstacle(operator, network, arId);
  if (before !== undefined) return { result: before, isFailed: false };
  try {
    await oneChange(operator, ["rmar", network.id, arId]);
    return { result: DONE, isFailed: false };
  } catch (error) {
    const after = await obstacle(operator, network, arId);
    if (after === undefined) throw error;
    return { result: after, isFailed: false };
  }
}

/** Why the range must stay. */
async function obstacle(operator: Operator, network: Network, arId: string): Promise<string | undefined> {
  const now = (await listRanges(operator)).find((range) => range.networkId === network.id && range.arId === arId);
  if (now === undefined) return "the range was removed since the plan";
  return now.holder === undefined ? undefined : "the range was leased since the plan, and stays";
}
