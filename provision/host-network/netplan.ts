// The network layout of a host as netplan reads it. Pure.
import { stringify } from "yaml";

/** The host's network before the change, as read on the host. */
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

const HEADER = " Written by provision/host-network. The next change overwrites changes by hand.\n";

/**
 * br0 carries the public address and the guests with flexible IPs; the NIC is its port. The private networks are VLANs of
 * the NIC. They have their names here, because names that are set later are lost at a reboot. The host itself has no IPv6.
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
        // Without a MAC here, networkd would invent one, but Scaleway's switch knows only the NIC's.
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
