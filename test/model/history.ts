// One history: the steps played one after another, then the dust settles, one reconcile, and what has to hold holds.
import { FlexibleIps } from "../fakes/flexible-ips.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";
import { complaintsAfter, known, type Seeded } from "./after.ts";
import { networksXml, vmsXml } from "./cli-shape.ts";
import { digest, Guard } from "./guard.ts";
import { type CloudName, type Machines, plainLines, type Ran, type Reconciled } from "./machines.ts";
import { type Driver, Oned } from "./oned.ts";
import { play } from "./play.ts";
import { Station } from "./station.ts";
import type { History, Step } from "./steps.ts";
import type { Fault } from "./weather.ts";

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
export type Machinery = (station: Station) => Promise<Machines>;

export class World implements Driver {
  readonly account: FlexibleIps;
  readonly guard: Guard;
  readonly station: Station;
  readonly machines: Machines;
  readonly clouds: Readonly<Record<CloudName, Oned>>;
  readonly seeded: Seeded;
  readonly actions: string[] = [];
  readonly complaints: string[] = [];
  readonly repaired = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  failures = 0;
  stuckByKill = 0;
  #faults: readonly Fault[] = [];
  #pace = 0;
  #number = 0;
  #where = "";

  constructor(account: FlexibleIps, guard: Guard, station: Station, machines: Machines, inherits: boolean) {
    this.account = account;
    this.guard = guard;
    this.station = station;
    this.machines = machines;
    this.clouds = { one: new Oned("one", HOSTS, this, inherits), two: new Oned("two", OTHER_HOSTS, this, inherits) };
    this.seeded = seed(account);
  }

  /** The weather of the actions that come now. */
  begin(where: string, step: Pick<Step, "faults" | "pace">): void {
    this.#where = where;
    this.#faults = step.faults;
    this.#pace = step.pace;
    this.#number = 0;
  }

  complain(text: string): void {
    this.complaints.push(`${this.#where}: ${text}`);
  }

  addressOf(id: string): string | undefined {
    return this.account.table.find(id)?.ipAddress;
  }

  ipam(...[cloud, action, document, untagged]: Parameters<Driver["ipam"]>): Promise<Ran> {
    return this.#act(`${cloud} ${action}`, cloud, untagged, () => this.machines.ipam(cloud, action, document));
  }

  hook(...[cloud, host, hook, document, untagged]: Parameters<Driver["hook"]>): Promise<Ran> {
    return this.#act(`${cloud} ${hook} on ${host}`, cloud, untagged, () =>
      this.machines.hook(cloud, host, hook, document),
    );
  }

  /** `shape`: whether the leases come as `onevnet list` or as `onevnet show` prints them. */
  async reconcile(name: CloudName, shape: "list" | "show"): Promise<Reconciled> {
    const cloud = this.clouds[name];
    this.guard.expect(name, `${this.#where}: reconcile of ${name}`, this.#serving(), cloud.abandoned);
    this.station.begin([], 0);
    const done = await this.machines.reconcile(name, {
      networks: networksXml(cloud, shape),
      vms: vmsXml(cloud),
      servers: new Map(cloud.hosts.map((host) => [host, this.machines.serverId(host)])),
    });
    for (const { kind } of done.steps) this.repaired.set(kind, (this.repaired.get(kind) ?? 0) + 1);
    return done;
  }

  async #act(what: string, cloud: CloudName, untagged: readonly string[], run: () => Promise<Ran>): Promise<Ran> {
    const number = this.#number++;
    const faults = this.#faults.filter(({ action }) => action === number);
    const hits = total(this.station.hits);
    this.guard.expect(cloud, `${this.#where}: ${what}`, this.#serving(), untagged);
    this.station.begin(faults, this.#pace);
    const ran = await run();
    this.guard.check();
    const plain = plainLines(ran);
    this.actions.push(normal(`${this.#where}: ${what} → ${ran.code} ${JSON.stringify([ran.stdout, ...plain])}`));
    if (ran.code !== null) this.#checkTold(what, ran.code, plain);
    if (ran.code === null && what.endsWith("free_address")) this.stuckByKill += 1;
    if (ran.code !== null && ran.code !== 0 && total(this.station.hits) === hits)
      count(this.refusals, kindOf(plain[0]));
    return ran;
  }

  /** The user is told exactly once of each failure, and of nothing else. */
  #checkTold(what: string, code: number, plain: readonly string[]): void {
    if (code !== 0) this.failures += 1;
    if (plain.length !== (code === 0 ? 0 : 1)) this.complain(`${what}: exit ${code} and ${plain.length} plain lines`);
    if (code > 1) this.complain(`${what}: ${plain.join(" ")}`);
  }

  #serving(): ReturnType<Oned["serving"]> {
    const serverId = (host: string): string => this.machines.serverId(host);
    return [this.clouds.one, this.clouds.two].flatMap((cloud) => cloud.serving(serverId));
  }
}

export async function runHistory(history: History, machinery: Machinery, account = newAccount()): Promise<Outcome> {
  const guard = new Guard(account);
  const station = new Station(account, guard);
  const machines = await machinery(station);
  const world = new World(account, guard, station, machines, history.inherits);
  const played = new Map<string, number>();
  await prepare(world, history.ground);
  for (const [index, step] of history.steps.entries()) {
    const cloud = world.clouds[step.isOther ? "two" : "one"];
    world.begin(`${index} ${step.operation}`, step);
    const before = world.actions.length;
    await play(step, cloud, world);
    if (world.actions.length > before) count(played, step.operation);
    if (step.isRested) account.settleAll();
  }
  const complaints = await complaintsAfter(world);
  return {
    actions: world.actions,
    account: account.table.oldestFirst().map((one) => normal(`${one.ipAddress} ${digest(one)}`)),
    complaints: [...guard.complaints, ...world.complaints, ...complaints],
    figures: {
      played,
      actions: world.actions.length,
      requests: station.requests,
      hits: station.hits,
      failures: world.failures,
      repaired: world.repaired,
      stuckByKill: world.stuckByKill,
      refusals: world.refusals,
    },
  };
}

/** So many networks, and guests on every other one, before anything goes wrong. */
async function prepare(world: World, ground: number): Promise<void> {
  const { one } = world.clouds;
  world.begin("before", { faults: [], pace: 0 });
  for (let made = 0; made < ground; made += 1) {
    await one.addRange(made % 3 === 2 ? { TYPE: "IP4_6_STATIC", SIZE: "1" } : { SIZE: "1" }, []);
    const range = one.ranges[made];
    if (made % 2 === 0 && range !== undefined)
      await one.instantiate([range], HOSTS[made % HOSTS.length] ?? "h1", false);
  }
}

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
