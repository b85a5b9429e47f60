// One history under way: two OpenNebulas on one project, and what has been seen so far.
import { type Serving, servingIn } from "../cloud/invariants.ts";
import { listings, type Shape } from "../cloud/listing.ts";
import { type Driver, Oned, type OnedOptions } from "../cloud/oned.ts";
import { Pool } from "../cloud/pool.ts";
import type { FlexibleIps } from "../fakes/flexible-ips.ts";
import { type IpamAction, plainLines } from "../rig.ts";
import { type Seeded, seed } from "./account.ts";
import type { FaultyApi } from "./faulty-api.ts";
import { count, total } from "./figures.ts";
import type { CloudName, Machines, Ran, Reconciled } from "./machines.ts";
import type { Fault } from "./request-faults.ts";
import type { Step } from "./steps.ts";
import type { Watch } from "./watch.ts";
import { kindOf, normal } from "./words.ts";

export const HOSTS = ["h1", "h2", "h3"] as const;
const OTHER_HOSTS = ["x1"] as const;

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
