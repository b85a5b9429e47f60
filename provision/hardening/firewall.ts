// The rules of nftables for what a host lets in, from what the stack knows. Pure.
import type { Settings } from "../settings.ts";

export type FirewallSettings = Pick<
  Settings,
  "adminNetworks" | "privateSubnet" | "vmtovmSubnet" | "fireedgeName" | "fireedgeCertificate"
>;

const HEADER = "# Written by provision/hardening (make hardening). The next change overwrites changes by hand.\n";

/**
 * A table of its own, loaded in one step; tables of OpenNebula and libvirt stay. It looks only at packets for the host
 * itself: guests' packets pass br0 as a bridge, and are never input.
 */
export function renderFirewall(settings: FirewallSettings, isFrontend: boolean): string {
  const rules = [
    "ct state established,related accept",
    "ct state invalid drop",
    'iifname "lo" accept',
    "# ICMP of IPv4 and IPv6, by number: a lean image has no /etc/protocols.",
    "meta l4proto { 1, 58 } accept",
    "# Between hosts: oned, OneGate, OneFlow, migration, libvirt, metrics.",
    `iifname "hosttohost" ip saddr ${settings.privateSubnet} accept`,
    "# The guests' VXLAN, BGP for EVPN, and IGMP (2) for its multicast.",
    `iifname "vmtovm" ip saddr ${settings.vmtovmSubnet} udp dport { 4789, 8472 } accept`,
    `iifname "vmtovm" ip saddr ${settings.vmtovmSubnet} tcp dport 179 accept`,
    'iifname "vmtovm" meta l4proto 2 accept',
    "# From the Internet.",
    `ip saddr { ${settings.adminNetworks.join(", ")} } tcp dport 22 accept`,
    ...(isFrontend ? frontendRules(settings) : []),
  ];
  return `${HEADER}table inet hosted_cloud
delete table inet hosted_cloud
table inet hosted_cloud {
  chain input {
    type filter hook input priority filter; policy drop;
${rules.map((rule) => `    ${rule}\n`).join("")}  }
}
`;
}

/** FireEdge itself (port 2616) has no TLS, so only the proxy on this machine reaches it. */
function frontendRules({ adminNetworks, fireedgeName, fireedgeCertificate }: FirewallSettings): string[] {
  if (fireedgeName === "") return [];
  const https = `ip saddr { ${adminNetworks.join(", ")} } tcp dport { 80, 443 } accept`;
  if (fireedgeCertificate !== "acme") return [https];
  return [https, "# The certificate authority looks at this port, from anywhere.", "tcp dport 80 accept"];
}
