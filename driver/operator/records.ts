// One record for each address: what OpenNebula, Scaleway and the plan say of it. Pure.
import { isAddressOf } from "../addresses.ts";
import { cloudOf, originOf } from "../flexible-ip/ownership.ts";
import type { FlexibleIp } from "../scaleway/flexible-ip.ts";
import type { CloudRange, Holder } from "./one/listings.ts";
import { rangeStates } from "./reconcile/range-state.ts";
import type { Step, View } from "./reconcile/step.ts";

/** The keys are what -o json prints: they stay as they are. */
export type AddressRecord = {
  readonly address: string;
  readonly status: string;
  readonly host: string;
  readonly vm: string;
  readonly vm_name: string;
  readonly holder: string;
  readonly network: string;
  readonly network_id: string;
  readonly range: string;
  readonly mac: string;
  readonly origin: string;
  readonly drift: readonly string[];
  readonly id: string;
  readonly server: string;
};

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
  return {
    address: address.includes(":") && flexibleIp !== undefined ? `${flexibleIp.address}/64` : address,
    status: flexibleIp?.status ?? "missing",
    host: hostOf(view, flexibleIp, vm?.state === "off" ? undefined : vm?.host),
    vm: holder?.kind === "vm" ? holder.id : "",
    vm_name: vm?.name ?? "",
    holder: holderText(holder),
    network: range?.network ?? "",
    network_id: range?.networkId ?? "",
    range: range?.arId ?? "",
    mac: flexibleIp?.mac ?? "",
    origin: (flexibleIp && originOf(flexibleIp)) ?? "",
    drift: steps.filter((step) => concerns(step, address, range)).map(({ kind }) => kind),
    id: flexibleIp?.id ?? "",
    server: flexibleIp?.serverId ?? "",
  };
}

/** Whether the step is about the address: a range's findings stand at its IPv4 address. */
export function concerns(step: Step, address: string, range: CloudRange | undefined): boolean {
  if (step.address === "-") return false;
  return step.address === address || (range?.ip !== address && isAddressOf(step.address, address));
}

/** The host whose server the address is on; where none is known to be, the one that its VM runs on, in brackets. */
function hostOf(view: View, flexibleIp: FlexibleIp | undefined, vmHost: string | undefined): string {
  const serverId = flexibleIp?.serverId ?? null;
  if (serverId === null) return "";
  const host = [...view.servers].find(([, id]) => id === serverId)?.[0];
  if (host !== undefined) return host;
  return vmHost !== undefined && !view.servers.has(vmHost) ? `unknown (VM on ${vmHost})` : "unknown";
}

/** Who has an address: "VM 42", "router 3", "network 7", "hold"; empty when it is free. */
export function holderText(holder: Holder | undefined): string {
  if (holder === undefined) return "";
  const words = { vm: "VM ", vrouter: "router ", network: "network ", hold: "hold" } as const;
  return `${words[holder.kind]}${holder.id}`;
}
