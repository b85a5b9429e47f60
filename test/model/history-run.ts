// One history under way: two OpenNebulas on one project, and what has been seen so far.
import { type Serving, servingIn } from "../cloud/invariants.ts";
import { listings } from "../cloud/listing.ts";
import { type Driver, Oned, type OnedOptions, type Ran } from "../cloud/oned.ts";
import { Pool } from "../cloud/pool.ts";
import type { WireFlexibleIp } from "../fakes/flexible-ip-record.ts";
import type { FlexibleIpSeed } from "../fakes/seeds.ts";
import { type Hook, type IpamAction, OTHER_PROJECT, PROJECT, plainLines, serverIdOf } from "../rig.ts";
import type { FaultyApi } from "./faulty-api.ts";
import type { CloudName, Machines } from "./machines.ts";
import type { Step } from "./steps.ts";

/** One OpenNebula of the project. */
export type Cloud = {
  readonly name: CloudName;
  readonly hosts: readonly string[];
  readonly pool: Pool;
  readonly oned: Oned;
};

/** What the actions of a step meet. */
type Conditions = Pick<Step, "faults" | "pace" | "staleListings">;

export const CALM: Conditions = { faults: [], pace: 0, staleListings: 0 };
// An address that no interface of this machine has.
const ELSEWHERE = "192.0.2.99";
const SOMEBODYS = "44444444-4444-4444-8444-444444444444";

export class HistoryRun {
  readonly api: FaultyApi;
  readonly machines: Machines;
  readonly clouds: Readonly<Record<CloudName, Cloud>>;
  /** Flexible IPs that somebody bought himself: those that may be adopted, and those that are nobody's business. */
  readonly adoptable: readonly WireFlexibleIp[];
  readonly foreign: readonly WireFlexibleIp[];
  /** One line for each action: its exit code, its answer and what the user reads. */
  readonly actions: string[] = [];
  /** Untagged addresses that a registration may now tag. */
  adopting: readonly string[] = [];
  #where = "";
  #conditions = CALM;
  #number = 0;

  constructor(api: FaultyApi, machines: Machines, inherits: boolean) {
    this.api = api;
    this.machines = machines;
    this.clouds = { one: this.#cloud("one", ["h1", "h2", "h3"], inherits), two: this.#cloud("two", ["x1"], inherits) };
    const bought = (ip: string, mac: string | null, more: FlexibleIpSeed = {}): WireFlexibleIp =>
      api.account.add({ ip, mac, projectId: PROJECT, tags: ["theirs"], ...more });
    this.adoptable = [
      bought("203.0.113.201", "52:54:00:f0:00:01"),
      bought("203.0.113.202", null),
      bought("203.0.113.203", null),
      bought("2001:db8:aaaa:1::/64", null),
    ];
    this.foreign = [
      bought("203.0.113.211", "52:54:00:f0:00:11", { serverId: SOMEBODYS }),
      bought("203.0.113.212", "52:54:00:f0:00:12", { tags: [] }),
      bought("203.0.113.213", null, { tags: [], projectId: OTHER_PROJECT }),
    ];
  }

  /** From now on the actions are those of `where`. */
  begin(where: string, conditions: Conditions): void {
    this.#where = where;
    this.#conditions = conditions;
    this.#number = 0;
    this.api.lag(conditions.staleListings);
  }

  /** Applies every step that the plan has. Returns what came of each. */
  reconcile(name: CloudName): ReturnType<Machines["reconcile"]> {
    const { hosts, pool } = this.clouds[name];
    const what = `${this.#where}: reconcile of ${name}`;
    this.api.begin({ cloud: name, what, serving: this.#serving(), untagged: pool.abandoned }, [], 0);
    const servers = new Map(hosts.map((host) => [host, serverIdOf(host)]));
    return this.machines.reconcile(name, { ...listings(pool), servers });
  }

  /** An IPAM action of the cloud's leader, or a hook `on` a host, with the faults that are meant for it. */
  async act(cloud: CloudName, action: IpamAction | Hook, document: string, on?: string): Promise<Ran> {
    const number = this.#number++;
    const { faults, pace } = this.#conditions;
    const what = `${this.#where}: ${cloud} ${action}${on === undefined ? "" : ` on ${on}`}`;
    const untagged = [...this.adopting, ...this.clouds[cloud].pool.abandoned];
    const own = faults.filter((fault) => fault.action === number);
    this.api.begin({ cloud, what, serving: this.#serving(), untagged }, own, pace);
    const ran = await this.machines.run(cloud, action, document, on);
    this.api.check();
    const { code, stdout, stderr } = ran;
    const plain = plainLines(stderr);
    this.actions.push(`${what} → ${code} ${JSON.stringify([stdout, ...plain])}`);
    if (code === null) return ran;
    // The user reads one line about each failure, and none about anything else.
    if (plain.length !== (code === 0 ? 0 : 1)) this.api.complain(`exit ${code} and ${plain.length} plain lines`);
    if (code > 1) this.api.complain(plain.join(" "));
    if (action === "free_address" && code !== 0) this.api.complain("a lease is stuck");
    return ran;
  }

  #cloud(name: CloudName, hosts: readonly string[], inherits: boolean): Cloud {
    const pool = new Pool();
    const driver: Driver = {
      ipam: (action, document) => this.act(name, action, document),
      hook: (host, hook, document) => this.act(name, hook, document, host),
    };
    // Whether the source of a migration can tell that the document names another host depends on names and DNS.
    const hostName: OnedOptions["hostName"] = (vm, on, host) =>
      on !== host && Number(vm.id) % 2 === 0 ? ELSEWHERE : undefined;
    return { name, hosts, pool, oned: new Oned(pool, driver, { inherits, hostName }) };
  }

  #serving(): Serving[] {
    return Object.values(this.clouds).flatMap(({ pool, name }) => servingIn(pool, name));
  }
}
