// One record for each address: what OpenNebula, Scaleway and the plan say about it. Pure.
import * as z from "zod/mini";
import { isAddressOf } from "../addresses.ts";
import { cloudOf, originOf } from "../flexible-ip/ownership.ts";
import { FLEXIBLE_IP_STATUSES, type FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { CloudRange, Holder } from "./one/listings.ts";
import { rangeStates } from "./reconcile/range-state.ts";
import { STEP_KINDS, type Step, type View } from "./reconcile/step.ts";

const about = z.describe;

/** Who has an address. */
export const holderRecord = z.strictObject({
  kind: z.enum(["vm", "vrouter", "network", "hold"]),
  id: z.nullable(z.number()).check(about("null: a hold has none")),
});
export type HolderRecord = z.infer<typeof holderRecord>;

/** What `list -o json` prints of each address. */
export const addressRecord = z.strictObject({
  address: z.string().check(about("an IPv4 address, or an IPv6 network with /64")),
  status: z.enum([...FLEXIBLE_IP_STATUSES, "missing"]).check(about("missing: the project has no such flexible IP")),
  host: z
    .nullable(z.string())
    .check(about("the host on whose server it is; null: attached nowhere, or to a server of no known host")),
  server: z.nullable(z.string()).check(about("the server that it is attached to; null: none")),
  holder: z.nullable(holderRecord).check(about("null: free, or in no range")),
  vm: z.nullable(z.number()),
  vm_name: z.nullable(z.string()),
  vm_state: z.nullable(z.enum(["running", "busy", "off"])),
  vm_host: z.nullable(z.string()),
  network: z.nullable(z.string()),
  network_id: z.nullable(z.number()),
  range: z.nullable(z.number()).check(about("the id of the address range in its network; null: in no range")),
  origin: z.nullable(z.enum(["created", "adopted"])),
  mac: z.nullable(z.string()),
  reverse: z.nullable(z.string()).check(about("reverse DNS")),
  id: z.nullable(z.string()).check(about("of the flexible IP")),
  drift: z.array(z.enum(STEP_KINDS)),
});
export type AddressRecord = z.infer<typeof addressRecord>;

/** Every flexible IP of ours and every address of a range, in the order of the addresses. */
export function recordsOf(view: View, steps: readonly Step[]): AddressRecord[] {
  const states = rangeStates(view);
  const held = states.flatMap(({ range, flexibleIps, missing, recycled }) => [
    ...flexibleIps.map((flexibleIp) => record(view, steps, flexibleIp.address, range, flexibleIp)),
    ...[...missing, ...recycled].map((address) => record(view, steps, address, range, undefined)),
  ]);
  const ids = new Set(states.flatMap(({ flexibleIps }) => flexibleIps.map(({ id }) => id)));
  const loose = view.flexibleIps
    .filter((flexibleIp) => !ids.has(flexibleIp.id) && cloudOf(flexibleIp) === view.cloud)
    .map((flexibleIp) => record(view, steps, flexibleIp.address, undefined, flexibleIp));
  return [...held, ...loose].sort((one, other) => one.address.localeCompare(other.address, "en", { numeric: true }));
}

function record(
  view: View,
  steps: readonly Step[],
  address: string,
  range: CloudRange | undefined,
  flexibleIp: FlexibleIp | undefined,
): AddressRecord {
  const holder = range?.holder;
  const vm = holder?.kind === "vm" ? view.vms.find(({ id }) => id === holder.id) : undefined;
  const server = flexibleIp?.serverId ?? null;
  return {
    address: address.includes(":") && flexibleIp !== undefined ? `${flexibleIp.address}/64` : address,
    status: flexibleIp?.status ?? "missing",
    host: [...view.servers].find(([, id]) => id === server)?.[0] ?? null,
    server,
    holder: holder === undefined ? null : holderOf(holder),
    vm: holder?.kind === "vm" ? Number(holder.id) : null,
    vm_name: vm?.name ?? null,
    vm_state: vm?.state ?? null,
    vm_host: vm === undefined || vm.host === "" ? null : vm.host,
    network: range?.network ?? null,
    network_id: range === undefined ? null : Number(range.networkId),
    range: range === undefined ? null : Number(range.arId),
    origin: (flexibleIp && originOf(flexibleIp)) ?? null,
    mac: flexibleIp?.mac ?? null,
    reverse: flexibleIp?.reverse ?? null,
    id: flexibleIp?.id ?? null,
    drift: steps.filter((step) => concerns(step, address, range)).map(({ kind }) => kind),
  };
}

/** Whether the step is about the address: a range's findings stand at its IPv4 address. */
export function concerns(step: Step, address: string, range: CloudRange | undefined): boolean {
  if (step.address === undefined) return false;
  return step.address === address || (range?.ip !== address && isAddressOf(step.address, address));
}

export function holderOf({ kind, id }: Holder): HolderRecord {
  return { kind, id: id === "" ? null : Number(id) };
}

/** Who has an address, for people: "VM 42", "router 3", "network 7", "hold"; empty when it is free. */
export function holderText(holder: HolderRecord | null): string {
  if (holder === null) return "";
  const words = { vm: "VM ", vrouter: "router ", network: "network ", hold: "hold" } as const;
  return `${words[holder.kind]}${holder.id ?? ""}`;
}
