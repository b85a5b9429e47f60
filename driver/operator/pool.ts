// Elastic networks: keeps the wanted number of free ranges by buying ranges and giving them back.
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { RefusedError, UsageError } from "../errors.ts";
import { originOf } from "../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { EXIT } from "./exit.ts";
import { listNetworks, type Network, networkNamed } from "./one/networks.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { addressOf, applyStep, DONE } from "./pool/apply.ts";
import { freeSince } from "./pool/free-since.ts";
import { holdLock } from "./pool/lock.ts";
import { type PoolPlan, type PoolRange, type PoolStep, planPool, type Target } from "./pool/plan.ts";
import { targetOf } from "./pool/target.ts";
import type { Column } from "./print/column.ts";
import { formOf, printRows } from "./print/rows.ts";
import { rangeStates } from "./reconcile/range-state.ts";
import { type Survey, survey } from "./survey.ts";

/** What `pool -o json` prints of each step. */
export const poolRecord = z.strictObject({
  network: z.string(),
  action: z.enum(["adopt", "buy", "remove"]),
  address: z.nullable(z.string()).check(z.describe("null: not known before it is bought")),
  result: z.nullable(z.string()).check(z.describe("done, or why not; null: --dry-run")),
});
type PoolRecord = z.infer<typeof poolRecord>;

const COLUMNS: readonly Column<PoolRecord>[] = [
  { key: "network", title: "NETWORK", rank: 0 },
  { key: "action", title: "ACTION", rank: 0 },
  { key: "address", title: "ADDRESS", rank: 0 },
  { key: "result", title: "RESULT", rank: 0, style: (result) => (result === DONE ? "green" : undefined) },
];

type Outcome = { readonly rows: readonly PoolRecord[]; readonly short: number; readonly isStopped: boolean };

/** Brings each wanted network to its number of free ranges. One run at a time: a second one is refused. */
export async function pool(given: Operator): Promise<number> {
  const operator = asOneadmin(given);
  formOf(operator, COLUMNS);
  const { stateFile } = configOf(operator);
  const release = await holdLock(join(dirname(stateFile), "pool"));
  if (release === undefined) throw new RefusedError("another scw-flexip pool is at work; wait until it has ended");
  try {
    return await fillAll(operator);
  } finally {
    await release();
  }
}

async function fillAll(operator: Operator): Promise<number> {
  const { interrupt, terminal } = operator;
  const rows: PoolRecord[] = [];
  let short = 0;
  let isStopped = false;
  for (const { network, target } of await jobsOf(operator)) {
    if (interrupt.isAsked || isStopped) break;
    const outcome = await fill(operator, network, target);
    rows.push(...outcome.rows);
    short += outcome.short;
    isStopped = outcome.isStopped;
  }
  terminal.progress("");
  printRows(operator, formOf(operator, COLUMNS), rows);
  if (interrupt.isAsked) return EXIT.interrupted;
  if (isStopped) return EXIT.failed;
  return short > 0 ? EXIT.findings : EXIT.done;
}

type Job = { readonly network: Network; readonly target: Target };

/** The network that the command names, or all networks that declare a target. */
async function jobsOf(operator: Operator): Promise<Job[]> {
  const [name] = operator.words;
  if (name === undefined) {
    const networks = await listNetworks(operator);
    return networks.flatMap((network) => {
      const target = targetOf(operator.options, network);
      return target === undefined ? [] : [{ network, target }];
    });
  }
  const network = await networkNamed(operator, name);
  const target = targetOf(operator.options, network);
  if (target === undefined) {
    throw new UsageError("--spare and --max are needed, or SCW_FLEXIP_SPARE and SCW_FLEXIP_MAX on the network");
  }
  return [{ network, target }];
}

async function fill(operator: Operator, network: Network, target: Target): Promise<Outcome> {
  const { options, terminal, interrupt } = operator;
  const found = await survey(operator);
  const isDry = options.has("dryRun");
  const now = new Date();
  const plan = planPool(target, rangesOf(found, network, now, isDry), idleOf(found), now);
  const rows: PoolRecord[] = [];
  let isStopped = false;
  for (const step of plan.steps) {
    if (interrupt.isAsked || isStopped) break;
    const address = addressOf(step);
    terminal.progress(`${network.name}: ${step.do} ${address}`);
    const end = isDry ? undefined : await interrupt.shield(() => applyStep(operator, network, step));
    rows.push({ network: network.name, action: step.do, address: address || null, result: end?.result ?? null });
    isStopped = end?.isFailed ?? false;
  }
  say(operator, found, network, target, plan, rows, isDry);
  return { rows, short: plan.short, isStopped };
}

/** The ranges of the network. Since when a range is free is noted for the next run, unless this one is dry. */
function rangesOf({ view, config }: Survey, network: Network, now: Date, isDry: boolean): PoolRange[] {
  const states = rangeStates(view);
  const free = states.filter(({ range }) => range.holder === undefined);
  const freeIds = free.flatMap(({ flexibleIps: [flexibleIp] }) => flexibleIp?.id ?? []);
  const since = freeSince(join(dirname(config.stateFile), "pool.json"), freeIds, now, isDry);
  return states
    .filter(({ range }) => range.networkId === network.id)
    .map(({ range, flexibleIps: [flexibleIp] }) => ({
      range,
      flexibleIp,
      isBought: flexibleIp !== undefined && originOf(flexibleIp) === "created",
      freeSince: flexibleIp && since.get(flexibleIp.id),
    }));
}

/** What this cloud bought and neither a range nor a server has: the orphans of reconcile that a range can take. */
function idleOf({ steps }: Survey): FlexibleIp[] {
  return steps.flatMap(({ kind, remedy }) => {
    const idle = kind === "orphan" && remedy.do === "delete" ? remedy.flexibleIp : undefined;
    return idle !== undefined && !idle.isIpv6 && idle.status === "ready" && idle.mac !== undefined ? [idle] : [];
  });
}

function say(
  { terminal }: Operator,
  { config }: Survey,
  network: Network,
  target: Target,
  { total, free, short }: PoolPlan,
  rows: readonly PoolRecord[],
  isDry: boolean,
): void {
  const count = (action: PoolStep["do"]) =>
    rows.filter((row) => row.action === action && (isDry || row.result === DONE)).length;
  const bought = count("buy");
  const removed = count("remove");
  const change = (bought - removed) * (config.priceMonth ?? 0);
  const cost =
    config.priceMonth === undefined || change === 0 ? "" : `; ${change > 0 ? "+" : ""}${change.toFixed(2)} a month`;
  terminal.note(
    `${network.name}: ${free} of ${total} free, ${target.spare} wanted, at most ${target.max}; ${isDry ? "would buy" : "bought"} ${bought}, ${isDry ? "give" : "gave"} back ${removed}${cost}`,
  );
  if (short > 0)
    terminal.note(`${network.name}: ${short} more are wanted, but ${target.max} is the maximum; raise --max`);
}
