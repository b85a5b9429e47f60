// Settings of the hardening.
import { parseIpv4Network } from "../ipv4-network.ts";
import { flag, list, matching, oneOf, text } from "../settings-rules.ts";

const RULE = "must hold IPv4 networks such as 203.0.113.0/24, with no bits set behind the prefix";
const anyNetwork = text((value) => value === "0.0.0.0/0" || parseIpv4Network(value) !== undefined, RULE);

/** For the schema of settings. */
export const hardeningSettings = {
  adminNetworks: list(anyNetwork, "IPv4 networks")
    .default(["0.0.0.0/0"])
    .describe("networks that may reach SSH and FireEdge's HTTPS"),
  fireedgeName: matching(/^([a-z0-9-]+(\.[a-z0-9-]+)+)?$/, "must be a DNS name")
    .default("")
    .describe("DNS name under which Caddy serves FireEdge by HTTPS; empty: FireEdge only through an SSH tunnel"),
  fireedgeCertificate: oneOf("acme", "internal", "own")
    .default("acme")
    .describe("from Let's Encrypt, from Caddy's own authority, or your own in /etc/hosted-cloud/fireedge.crt and .key"),
  unattendedUpgrades: flag.default(true).describe("install Ubuntu's security updates every day; never reboot"),
};

/** Refuses an empty list, which would keep the operator out too. */
export function hardeningComplaints({ adminNetworks }: { readonly adminNetworks: readonly string[] }): string[] {
  return adminNetworks.length > 0 ? [] : ["adminNetworks is empty, which would keep you out too; name your network"];
}
