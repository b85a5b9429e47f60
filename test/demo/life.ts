// The life that the demo plays: what people do with OpenNebula, what oned then asks of the driver, and what must come of
// it.
import type { Pool, Range, Vm } from "../cloud/pool.ts";
import type { CallName } from "../fakes/flexible-ip-server.ts";
import type { Asked, Cloud, HostName } from "./cloud.ts";

/** Where an address is. `leaving`: its detach has begun, and may have ended by now. */
type Whereabouts = "–" | "free" | "gone" | `${"attached" | "leaving"} ${HostName}`;

export type Step = Asked & {
  /** In any order; where the step waits for the API, without the reads. */
  readonly calls: readonly CallName[];
  readonly waits?: true;
  /** What it does is right, and the log has a warning all the same. */
  readonly warns?: true;
  /** Looked at only when all has settled: what comes next is up to a person, and comes later. */
  readonly later?: true;
  /** Where the first and the second address are afterwards. */
  readonly after: readonly [Whereabouts, Whereabouts];
};

export type Scene = {
  readonly title: string;
  /** What a person does. */
  play(cloud: Cloud): Promise<unknown>;
  /** What oned asks for, in its order. */
  readonly steps: readonly Step[];
};

const PLACEHOLDER = { IP: "192.0.2.23", MAC: "02:00:c0:00:02:17" };

export const LIFE: readonly Scene[] = [
  {
    title: "Two address ranges are added to a network, the second with a placeholder",
    play: async ({ oned }) => {
      await oned.register({ TYPE: "IP4", SIZE: "1" });
      await oned.register({ TYPE: "IP4", SIZE: "1", ...PLACEHOLDER });
    },
    steps: [
      { on: "fe", ask: "register_address_range", calls: ["create", "mac.generate"], after: ["free", "–"] },
      {
        ...{ on: "fe", ask: "register_address_range", warns: true },
        ...{ calls: ["list", "create", "mac.generate"], after: ["free", "free"] },
      },
    ],
  },
  {
    title: "A VM with a private and a public NIC is deployed on A",
    play: async ({ oned, pool, privateRanges }) => {
      await oned.create([privateRanges[0], range(pool, 0)]);
      await oned.boot(guest(pool), "A");
    },
    steps: [
      { on: "fe", ask: "get_address", calls: ["get"], after: ["free", "free"] },
      { on: "A", ask: "pre", calls: ["attach"], waits: true, after: ["attached A", "free"] },
      { on: "A", ask: "post", calls: ["get"], after: ["attached A", "free"] },
    ],
  },
  {
    title: "A second private NIC is attached: no call for it",
    play: ({ oned, pool, privateRanges }) => oned.attachNic(guest(pool), privateRanges[1]),
    steps: [
      { on: "A", ask: "pre", calls: [], after: ["attached A", "free"] },
      { on: "A", ask: "post", calls: [], after: ["attached A", "free"] },
    ],
  },
  {
    title: "A second public NIC is attached",
    play: ({ oned, pool }) => oned.attachNic(guest(pool), range(pool, 1)),
    steps: [
      { on: "fe", ask: "get_address", calls: ["get"], after: ["attached A", "free"] },
      { on: "A", ask: "pre", calls: ["attach"], waits: true, after: ["attached A", "attached A"] },
      { on: "A", ask: "post", calls: ["get"], after: ["attached A", "attached A"] },
    ],
  },
  {
    title: "A private NIC is detached: the public addresses stay",
    play: ({ oned, pool }) => oned.detachNic(guest(pool), present(guest(pool).nics[2], "NIC")),
    steps: [{ on: "A", ask: "clean", calls: [], after: ["attached A", "attached A"] }],
  },
  {
    title: "Live migration from A to B: until the guest has left it, A serves the addresses",
    play: ({ oned, pool }) => oned.migrate(guest(pool), "B"),
    steps: [
      { on: "B", ask: "pre", calls: ["get", "get"], after: ["attached A", "attached A"] },
      { on: "A", ask: "clean", calls: ["get", "get", "detach", "detach"], after: ["leaving A", "leaving A"] },
      { on: "B", ask: "post", calls: ["attach", "attach"], waits: true, after: ["attached B", "attached B"] },
    ],
  },
  {
    title: "Power-off, and later resume, on B",
    play: async ({ oned, pool }) => {
      await oned.powerOff(guest(pool));
      await oned.boot(guest(pool), "B");
    },
    steps: [
      { on: "B", ask: "clean", calls: ["get", "get", "detach", "detach"], later: true, after: ["free", "free"] },
      { on: "B", ask: "pre", calls: ["attach", "attach"], waits: true, after: ["attached B", "attached B"] },
      { on: "B", ask: "post", calls: ["get", "get"], after: ["attached B", "attached B"] },
    ],
  },
  {
    title: "The VM is terminated: its leases end, the ranges keep their addresses",
    play: ({ oned, pool }) => oned.terminate(guest(pool)),
    steps: [
      { on: "B", ask: "clean", calls: ["get", "get", "detach", "detach"], after: ["leaving B", "leaving B"] },
      { on: "fe", ask: "free_address", calls: ["get"], after: ["leaving B", "leaving B"] },
      { on: "fe", ask: "free_address", calls: ["get"], later: true, after: ["free", "free"] },
    ],
  },
  {
    title: "Both ranges are removed",
    play: async ({ oned, pool }) => {
      await oned.removeRange(range(pool, 0));
      await oned.removeRange(range(pool, 0));
    },
    steps: [
      { on: "fe", ask: "unregister_address_range", calls: ["get", "delete"], after: ["gone", "free"] },
      { on: "fe", ask: "unregister_address_range", calls: ["get", "delete"], after: ["gone", "gone"] },
    ],
  },
];

function range({ ranges }: Pool, index: number): Range {
  return present(ranges[index], "range");
}

function guest({ vms }: Pool): Vm {
  return present(vms[0], "VM");
}

function present<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new Error(`the cloud has no such ${what}`);
  return thing;
}
