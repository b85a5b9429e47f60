// Elastic networks: as many free ranges as are wanted, bought and given back by themselves.
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { RefusedError, UsageError } from "../errors.ts";
import { cloudOf, originOf } from "../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import { EXIT } from "./exit.ts";
import { listNetworks, type Network } from "./one/networks.ts";
import { asOneadmin, configOf, type Operator } from "./operator.ts";
import { addressOf, applyStep, DONE } from "./pool/apply.ts";
import { holdLock } from "./pool/lock.ts";
import { type PoolPlan, type PoolRange, type PoolStep, planPool, type Wish } from "./pool/plan.ts";
import { wishOf } from "./pool/wish.ts";
import type { Column } from "./print/column.ts";
import { formOf, printRows } from "./print/rows.ts";
import { networkNamed } from "./range.ts";
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
  for (const { network, wish } of await wanted(operator)) {
    if (interrupt.isAsked || isStopped) break;
    const outcome = await fill(operator, network, wish);
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

type Wanted = { readonly network: Network; readonly wish: Wish };

/** The network that is named, or all that declare what they want. */
async function wanted(operator: Operator): Promise<Wanted[]> {
  const [name] = operator.words;
  if (name === undefined) {
    const networks = await listNetworks(operator);
    return networks.flatMap((network) => {
      const wish = wishOf(operator.options, network);
      return wish === undefined ? [] : [{ network, wish }];
    });
  }
  const network = await networkNamed(operator, name);
  const wish = wishOf(operator.options, network);
  if (wish === undefined) {
    throw new UsageError("--spare and --max are needed, or SCW_FLEXIP_SPARE and SCW_FLEXIP_MAX on the network");
  }
  return [{ network, wish }];
}

async function fill(operator: Operator, network: Network, wish: Wish): Promise<Outcome> {
  const { options, terminal, interrupt } = operator;
  const found = await survey(operator);
  const plan = planPool(wish, rangesOf(found, network), idleOf(found), found.view.now);
  const isDry = options.has("dryRun");
  const rows: PoolRecord[] = [];
  let isStopped = false;
  for (const step of plan.steps) {
    if (interrupt.isAsked || isStopped) break;
    const address = addressOf(step);
    terminal.progress(`${network.name}: ${step.do} ${address}`);
    const end = isDry ? undefined : await interrupt.shield(() => applyStep(operator, found, network, step));
    rows.push({ network: network.name, action: step.do, address: address || null, result: end?.result ?? null });
    isStopped = end?.isFailed ?? false;
  }
  say(operator, found, network, wish, plan, rows, isDry);
  return { rows, short: plan.short, isStopped };
}

function rangesOf({ view }: Survey, network: Network): PoolRange[] {
  return rangeStates(view)
    .filter(({ range }) => range.networkId === network.id)
    .map(({ range, flexibleIps: [flexibleIp] }) => ({
      range,
      flexibleIp,
      isBought: flexibleIp !== undefined && originOf(flexibleIp) === "created",
    }));
}

/** What this cloud bought, no range has, and no server: the orphans of a reconcile that are old enough to be judged. */
function idleOf({ view, steps }: Survey): FlexibleIp[] {
  const orphans = new Set(steps.filter(({ kind }) => kind === "orphan").map(({ address }) => address));
  return view.flexibleIps.filter(
    (flexibleIp) =>
      orphans.has(flexibleIp.address) &&
      cloudOf(flexibleIp) === view.cloud &&
      !flexibleIp.isIpv6 &&
      flexibleIp.status === "ready" &&
      flexibleIp.mac !== undefined,
  );
}

function say(
  { terminal }: Operator,
  { config }: Survey,
  network: Network,
  wish: Wish,
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
    `${network.name}: ${free} of ${total} free, ${wish.spare} wanted, at most ${wish.max}; ${isDry ? "would buy" : "bought"} ${bought}, ${isDry ? "give" : "gave"} back ${removed}${cost}`,
  );
  if (short > 0)
    terminal.note(`${network.name}: ${short} more would be wanted, but ${wish.max} is the maximum; raise --max`);
}
