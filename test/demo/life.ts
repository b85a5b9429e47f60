// The life that the demo plays: what OpenNebula asks for, in its order, and what should come of it. The order within an
// operation is that of oned 7.0.0; see fixtures/recorded/README.md.
import type { CallName } from "../fakes/flexible-ip-server.ts";
import type { Hook, IpamAction } from "../rig.ts";

export type HostName = "A" | "B";
export type RangeName = "first" | "second";

/** Where an address is. `leaving`: its detach has begun, and may have ended by now. */
export type Whereabouts = "none" | "free" | "gone" | `${"attached" | "leaving"} ${HostName}`;

export type Step = Asked & {
  /** The name of the document in fixtures/recorded/opennebula-7.0.0, the first of those that are alike. */
  readonly document: string;
  /** The range that it is about, where it was recorded of another. */
  readonly of?: RangeName;
  /** The range whose AR or ADDRESS is answered; without it, nothing is. */
  readonly answers?: RangeName;
  /** How many of which calls; where the step waits for the API, the least number of reads. */
  readonly calls: Readonly<Partial<Record<CallName, number>>>;
  readonly waits?: true;
  /** What it does is right, and the log has a warning all the same. */
  readonly warns?: true;
  /** Looked at only when all has settled: what comes next is up to a person, and comes later. */
  readonly later?: true;
  /** Where the first and the second address are afterwards. */
  readonly after: readonly [Whereabouts, Whereabouts];
};

/** An action on the front-end, or a hook on a host. */
type Asked = { readonly on: "fe"; readonly ask: IpamAction } | { readonly on: HostName; readonly ask: Hook };

export type Scene = { readonly title: string; readonly steps: readonly Step[] };

export const LIFE: readonly Scene[] = [
  {
    title: "Two address ranges are added to a network, the second with a placeholder",
    steps: [
      {
        on: "fe",
        ask: "register_address_range",
        document: "01-register-new-address-range",
        answers: "first",
        calls: { create: 1, "mac.generate": 1 },
        after: ["free", "none"],
      },
      {
        on: "fe",
        ask: "register_address_range",
        document: "02-register-placeholder-ip-and-mac",
        answers: "second",
        calls: { list: 1, create: 1, "mac.generate": 1 },
        warns: true,
        after: ["free", "free"],
      },
    ],
  },
  {
    title: "A VM with a private and a public NIC is deployed on A",
    steps: [
      {
        on: "fe",
        ask: "get_address",
        document: "03-get-address",
        answers: "first",
        calls: { get: 1 },
        after: ["free", "free"],
      },
      {
        on: "A",
        ask: "pre",
        document: "04-pre-deploy-private-and-public-nic",
        calls: { get: 2, attach: 1 },
        waits: true,
        after: ["attached A", "free"],
      },
      {
        on: "A",
        ask: "post",
        document: "04-pre-deploy-private-and-public-nic",
        calls: { get: 1 },
        after: ["attached A", "free"],
      },
    ],
  },
  {
    title: "A second private NIC is attached: no call for it",
    steps: [
      { on: "A", ask: "pre", document: "06-pre-attach-private-nic", calls: {}, after: ["attached A", "free"] },
      { on: "A", ask: "post", document: "06-pre-attach-private-nic", calls: {}, after: ["attached A", "free"] },
    ],
  },
  {
    title: "A second public NIC is attached",
    steps: [
      {
        on: "fe",
        ask: "get_address",
        document: "08-get-address-second-range",
        answers: "second",
        calls: { get: 1 },
        after: ["attached A", "free"],
      },
      {
        on: "A",
        ask: "pre",
        document: "09-pre-attach-second-public-nic",
        calls: { get: 2, attach: 1 },
        waits: true,
        after: ["attached A", "attached A"],
      },
      {
        on: "A",
        ask: "post",
        document: "09-pre-attach-second-public-nic",
        calls: { get: 1 },
        after: ["attached A", "attached A"],
      },
    ],
  },
  {
    title: "A private NIC is detached: the public addresses stay",
    steps: [
      {
        on: "A",
        ask: "clean",
        document: "11-clean-detach-private-nic",
        calls: {},
        after: ["attached A", "attached A"],
      },
    ],
  },
  {
    title: "Live migration from A to B: until the guest has left it, A serves the addresses",
    steps: [
      {
        on: "B",
        ask: "pre",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 2 },
        after: ["attached A", "attached A"],
      },
      {
        on: "A",
        ask: "clean",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 2, detach: 2 },
        after: ["leaving A", "leaving A"],
      },
      {
        on: "B",
        ask: "post",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 4, attach: 2 },
        waits: true,
        after: ["attached B", "attached B"],
      },
    ],
  },
  {
    title: "Power-off, and later resume, on B",
    steps: [
      {
        on: "B",
        ask: "clean",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 2, detach: 2 },
        later: true,
        after: ["free", "free"],
      },
      {
        on: "B",
        ask: "pre",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 4, attach: 2 },
        waits: true,
        after: ["attached B", "attached B"],
      },
      {
        on: "B",
        ask: "post",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 2 },
        after: ["attached B", "attached B"],
      },
    ],
  },
  {
    title: "The VM is terminated: its leases end, the ranges keep their addresses",
    steps: [
      {
        on: "B",
        ask: "clean",
        document: "12-pre-live-migrate-on-destination",
        calls: { get: 2, detach: 2 },
        after: ["leaving B", "leaving B"],
      },
      {
        on: "fe",
        ask: "free_address",
        document: "29-free-address-after-terminate",
        calls: { get: 1 },
        after: ["leaving B", "leaving B"],
      },
      {
        on: "fe",
        ask: "free_address",
        document: "24-free-address-second-range",
        calls: { get: 1 },
        later: true,
        after: ["free", "free"],
      },
    ],
  },
  {
    title: "Both ranges are removed",
    steps: [
      {
        on: "fe",
        ask: "unregister_address_range",
        document: "34-unregister-address-range",
        of: "first",
        calls: { get: 1, delete: 1 },
        after: ["gone", "free"],
      },
      {
        on: "fe",
        ask: "unregister_address_range",
        document: "34-unregister-address-range",
        calls: { get: 1, delete: 1 },
        after: ["gone", "gone"],
      },
    ],
  },
];
