// The network layout of a host as netplan reads it. Pure.
import { stringify } from "yaml";

/** What the host's network is before the change; read on the host. */
export type HostFacts = {
  readonly nic: string;
  readonly mac: string;
  /** The public address with its prefix length. */
  readonly address: string;
  readonly gateway: string;
  readonly resolvers: readonly string[];
};

export type VlanLayout = {
  readonly vlan: number;
  /** The address in the private network, with its prefix length. */
  readonly address: string;
};

/** The two private networks of a host. */
export type HostLayout = { readonly hosttohost: VlanLayout; readonly vmtovm: VlanLayout };

const HEADER = " Written by provision/host-network. A change by hand is lost at the next change there.\n";

/**
 * br0 carries the public address and the guests with flexible IPs; the NIC is its port. The private networks are VLANs of
 * the NIC, named by purpose, since names set afterwards would be lost at a reboot. IPv6 on the host itself is off.
 */
export function renderNetplan(facts: HostFacts, layout: HostLayout): string {
  const { nic } = facts;
  const vlan = ({ vlan: id, address }: VlanLayout) => ({ id, link: nic, addresses: [address] });
  const network = {
    version: 2,
    renderer: "networkd",
    ethernets: { [nic]: { dhcp4: false, dhcp6: false, "accept-ra": false } },
    bridges: {
      br0: {
        interfaces: [nic],
        // Without it networkd would invent one, and Scaleway's switch knows only the NIC's.
        macaddress: facts.mac,
        dhcp4: false,
        dhcp6: false,
        "accept-ra": false,
        addresses: [facts.address],
        routes: [{ to: "default", via: facts.gateway }],
        nameservers: { addresses: [...facts.resolvers] },
        parameters: { stp: false, "forward-delay": 0 },
      },
    },
    vlans: { hosttohost: vlan(layout.hosttohost), vmtovm: vlan(layout.vmtovm) },
  };
  return `#${HEADER}${stringify({ network })}`;
}
