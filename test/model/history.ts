// One history: the steps played one after another, then all comes to rest, one reconcile, and what must hold holds.
import { digest, type Serving, servingIn } from "../cloud/invariants.ts";
import { listings, type Shape } from "../cloud/listing.ts";
import { type Driver, Oned, type OnedOptions } from "../cloud/oned.ts";
import { Pool } from "../cloud/pool.ts";
import { FlexibleIps } from "../fakes/flexible-ips.ts";
import { type IpamAction, OTHER_PROJECT, PROJECT, plainLines } from "../rig.ts";
import { complaintsAfter, known, type Seeded } from "./after.ts";
import { FaultyApi } from "./faulty-api.ts";
import type { CloudName, Machines, Ran, Reconciled } from "./machines.ts";
import { play } from "./play.ts";
import type { Fault } from "./request-faults.ts";
import type { History, Step } from "./steps.ts";
import { Watch } from "./watch.ts";

export const TOKEN = "0a11ce00-0000-4000-8000-000000000003";
export const ZONE = "fr-par-2";
export const HOSTS = ["h1", "h2", "h3"] as const;
export const OTHER_HOSTS = ["x1"] as const;

/** What came of a history, in words that are the same however it was run. */
export type Outcome = {
  /** One line for each action: its exit code, what it answered and what the user was told. */
  readonly actions: readonly string[];
  readonly account: readonly string[];
  readonly complaints: readonly string[];
  readonly figures: Figures;
};

export type Figures = {
  /** Steps that asked something of the driver, by operation; the others found nothing to be about. */
  readonly played: ReadonlyMap<string, number>;
  readonly actions: number;
  readonly requests: number;
  /** Faults and kills that took effect, by kind. */
  readonly hits: ReadonlyMap<string, number>;
  readonly failures: number;
  /** Steps of the reconciles by kind. */
  readonly repaired: ReadonlyMap<string, number>;
  /** Leases that a killed free_address left, which only an operator can end. */
  readonly stuckByKill: number;
  /** Failures of actions that met no fault of their own, by what was said. */
  readonly refusals: ReadonlyMap<string, number>;
};

/** The way of running: made for an account, told when each action starts. */
export type Machinery = (api: FaultyApi) => Promise<Machines>;

/** One OpenNebula of the project. */
export type Cloud = {
  readonly name: CloudName;
  readonly hosts: readonly string[];
  readonly pool: Pool;
  readonly oned: Oned;
};

// An address that no interface of this machine has.
const ELSEWHERE = "192.0.2.99";

export class HistoryRun {
  readonly account: FlexibleIps;
  readonly watch: Watch;
  readonly api: FaultyApi;
  readonly machines: Machines;
  readonly clouds: Readonly<Record<CloudName, Cloud>>;
  readonly seeded: Seeded;
  readonly actions: string[] = [];
  readonly complaints: string[] = [];
  readonly repaired = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  failures = 0;
  stuckByKill = 0;
  /** Untagged addresses that a registration may now tag. */
  adopting: readonly string[] = [];
  #faults: readonly Fault[] = [];
  #pace = 0;
  #number = 0;
  #where = "";

  constructor(account: FlexibleIps, watch: Watch, api: FaultyApi, machines: Machines, inherits: boolean) {
    this.account = account;
    this.watch = watch;
    this.api = api;
    this.machines = machines;
    this.clouds = { one: this.#cloud("one", HOSTS, inherits), two: this.#cloud("two", OTHER_HOSTS, inherits) };
    this.seeded = seed(account);
  }

  /** The faults that the actions that come now meet. */
  begin(where: string, step: Pick<Step, "faults" | "pace" | "staleListings">): void {
    this.#where = where;
    this.#faults = step.faults;
    this.#pace = step.pace;
    this.#number = 0;
    this.api.lag(step.staleListings);
  }

  complain(text: string): void {
    this.complaints.push(`${this.#where}: ${text}`);
  }

  serverOf = (host: string): string => this.machines.serverId(host);

  /** An action that no operation of OpenNebula's asks for. */
  anyAction(name: CloudName, action: IpamAction, document: string): Promise<Ran> {
    return this.#act(`${name} ${action}`, name, () => this.machines.ipam(name, action, document));
  }

  /** Applies every step that the plan has. */
  async reconcile(name: CloudName, shape: Shape): Promise<Reconciled> {
    const { hosts, pool } = this.clouds[name];
    this.watch.expect(name, `${this.#where}: reconcile of ${name}`, this.#serving(), pool.abandoned);
    this.api.begin([], 0);
    const servers = new Map(hosts.map((host) => [host, this.serverOf(host)]));
    const done = await this.machines.reconcile(name, { ...listings(pool, shape), servers });
    for (const { kind } of done.steps) count(this.repaired, kind);
    return done;
  }

  #cloud(name: CloudName, hosts: readonly string[], inherits: boolean): Cloud {
    const pool = new Pool();
    const driver: Driver = {
      ipam: (action, document) => this.anyAction(name, action, document),
      hook: (host, hook, document) =>
        this.#act(`${name} ${hook} on ${host}`, name, () => this.machines.hook(name, host, hook, document)),
      complain: (text) => this.complain(text),
    };
    // Whether the source of a migration can tell that the document names another host depends on names and DNS.
    const hostName: OnedOptions["hostName"] = (vm, on, host) =>
      on !== host && Number(vm.id) % 2 === 0 ? ELSEWHERE : undefined;
    return { name, hosts, pool, oned: new Oned(pool, driver, { inherits, hostName }) };
  }

  async #act(what: string, name: CloudName, run: () => Promise<Ran>): Promise<Ran> {
    const number = this.#number++;
    const faults = this.#faults.filter(({ action }) => action === number);
    const hits = total(this.api.hits);
    const untagged = [...this.adopting, ...this.clouds[name].pool.abandoned];
    this.watch.expect(name, `${this.#where}: ${what}`, this.#serving(), untagged);
    this.api.begin(faults, this.#pace);
    const ran = await run();
    this.watch.check();
    const plain = plainLines(ran.stderr);
    this.actions.push(normal(`${this.#where}: ${what} → ${ran.code} ${JSON.stringify([ran.stdout, ...plain])}`));
    if (ran.code !== null) this.#checkTold(what, ran.code, plain);
    if (what.endsWith("free_address") && ran.code === null) this.stuckByKill += 1;
    else if (what.endsWith("free_address") && ran.code !== 0) this.complain(`${what}: a lease is stuck`);
    if (ran.code !== null && ran.code !== 0 && total(this.api.hits) === hits) {
      count(this.refusals, kindOf(plain[0]));
    }
    return ran;
  }

  /** The user reads one line about each failure, and none about anything else. */
  #checkTold(what: string, code: number, plain: readonly string[]): void {
    if (code !== 0) this.failures += 1;
    if (plain.length !== (code === 0 ? 0 : 1)) this.complain(`${what}: exit ${code} and ${plain.length} plain lines`);
    if (code > 1) this.complain(`${what}: ${plain.join(" ")}`);
  }

  #serving(): Serving[] {
    return Object.values(this.clouds).flatMap(({ pool, name }) => servingIn(pool, name, this.serverOf));
  }
}

export async function runHistory(history: History, machinery: Machinery, account = newAccount()): Promise<Outcome> {
  const watch = new Watch(account);
  const api = new FaultyApi(account, watch);
  const machines = await machinery(api);
  const run = new HistoryRun(account, watch, api, machines, history.inherits);
  const played = new Map<string, number>();
  await prepare(run, history.firstRanges);
  for (const [index, step] of history.steps.entries()) {
    const cloud = run.clouds[step.isOther ? "two" : "one"];
    run.begin(`${index} ${step.operation}`, step);
    const before = run.actions.length;
    await play(step, cloud, run);
    if (run.actions.length > before) count(played, step.operation);
    if (step.isRested) account.settleAll();
  }
  const complaints = await complaintsAfter(run);
  return {
    actions: run.actions,
    account: account.table.oldestFirst().map((one) => normal(`${one.ipAddress} ${digest(one)}`)),
    complaints: [...watch.complaints, ...run.complaints, ...complaints],
    figures: {
      played,
      actions: run.actions.length,
      requests: api.requests,
      hits: api.hits,
      failures: run.failures,
      repaired: run.repaired,
      stuckByKill: run.stuckByKill,
      refusals: run.refusals,
    },
  };
}

/** So many ranges, and guests on every other one, before anything goes wrong. */
async function prepare(run: HistoryRun, firstRanges: number): Promise<void> {
  const { oned, pool } = run.clouds.one;
  run.begin("before", CALM);
  for (let made = 0; made < firstRanges; made += 1) {
    await oned.register(made % 3 === 2 ? { TYPE: "IP4_6_STATIC", SIZE: "1" } : { SIZE: "1" });
    const range = pool.ranges[made];
    const vm = made % 2 === 0 && range !== undefined ? await oned.create([range]) : undefined;
    if (vm !== undefined) await oned.boot(vm, HOSTS[made % HOSTS.length] ?? "h1");
  }
}

const CALM = { faults: [], pace: 0, staleListings: 0 };

export function newAccount(): FlexibleIps {
  return new FlexibleIps({ token: TOKEN, zone: ZONE, settle: "manual", maxPageSize: 10 });
}

/** What is in the project before either cloud does anything. */
function seed(account: FlexibleIps): Seeded {
  const tags = ["theirs"];
  const adoptable = [
    { ip: "203.0.113.201", mac: "52:54:00:f0:00:01" },
    { ip: "203.0.113.202", mac: null },
    { ip: "203.0.113.203", mac: null },
    { ip: "2001:db8:aaaa:1::/64", mac: null },
  ].map((one) => account.add({ ...one, projectId: PROJECT, tags }));
  const foreign = [
    account.add({ ip: "203.0.113.211", projectId: PROJECT, tags, mac: "52:54:00:f0:00:11", serverId: SOMEBODYS }),
    account.add({ ip: "203.0.113.212", projectId: PROJECT, tags: [], mac: "52:54:00:f0:00:12" }),
    account.add({ ip: "203.0.113.213", projectId: OTHER_PROJECT, tags: [], mac: null }),
  ];
  const knownAs = ({ id }: { id: string }): ReturnType<typeof known>[] => {
    const record = account.table.find(id);
    return record === undefined ? [] : [known(record)];
  };
  return { adoptable: adoptable.flatMap(knownAs), foreign: foreign.flatMap(knownAs) };
}

const SOMEBODYS = "44444444-4444-4444-8444-444444444444";

/** Without what differs from run to run: made-up ids, ports, and times that were measured. */
export function normal(text: string): string {
  return text
    .replaceAll(/intent=[0-9a-f-]{36}/g, "intent=…")
    .replaceAll(/intent [0-9a-f-]{36}/g, "intent …")
    .replaceAll(/(_INTENT = \\?")[0-9a-f-]{36}/g, "$1…")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://…");
}

function kindOf(line: string | undefined): string {
  return normal(line ?? "")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>")
    .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "<mac>")
    .replaceAll(/\d+\.\d+\.\d+\.\d+|2001:db8[0-9a-f:]+(\/64)?/g, "<address>")
    .replaceAll(/NIC \d+/g, "NIC n");
}

export function count(figures: Map<string, number>, name: string, more = 1): void {
  figures.set(name, (figures.get(name) ?? 0) + more);
}

export function total(figures: ReadonlyMap<string, number>): number {
  return [...figures.values()].reduce((sum, one) => sum + one, 0);
}
