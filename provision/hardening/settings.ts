// Settings of the hardening.
import { parseIpv4Network } from "../ipv4-network.ts";
import { flag, list, matching, oneOf, text } from "../settings-rules.ts";

const RULE = "must hold IPv4 networks such as 203.0.113.0/24, with no bits set behind the prefix";
const anyNetwork = text((value) => value === "0.0.0.0/0" || parseIpv4Network(value) !== undefined, RULE);

/** For the schema of settings. */
export const hardeningSettings = {
  adminNetworks: list(anyNetwork, "IPv4 networks")
    .default(["0.0.0.0/0"])
    .describe("networks from which SSH and FireEdge's HTTPS are reached"),
  fireedgeName: matching(/^([a-z0-9-]+(\.[a-z0-9-]+)+)?$/, "must be a DNS name")
    .default("")
    .describe("DNS name of FireEdge, which Caddy then serves by HTTPS; none: by a tunnel of SSH only"),
  fireedgeCertificate: oneOf("acme", "internal", "own")
    .default("acme")
    .describe("by Let's Encrypt, by Caddy's own authority, or yours in /etc/hosted-cloud/fireedge.crt and .key"),
  unattendedUpgrades: flag.default(true).describe("install Ubuntu's security updates every day, never reboot"),
};

/** An empty list would keep the operator out too. */
export function hardeningComplaints({ adminNetworks }: { readonly adminNetworks: readonly string[] }): string[] {
  return adminNetworks.length > 0 ? [] : ["adminNetworks is empty, and would keep you out too; name your network"];
}
