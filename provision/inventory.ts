// The inventory and variables that one-deploy and one-deploy-validation read, as YAML. Pure.
import { Document, isScalar, visit } from "yaml";
import { netmask, networkAddress, readIpv4Network } from "./ipv4-network.ts";
import type { Settings } from "./settings.ts";

/** The name of the network whose ranges are flexible IPs. */
export const PUBLIC_NETWORK = "public";

/** A server as Ansible sees it. */
export type InventoryHost = {
  readonly name: string;
  /** Where Ansible connects. */
  readonly publicIp: string;
  /** What OpenNebula registers the host under. */
  readonly privateIp: string;
};

export type Passwords = { readonly one: string; readonly db: string };

/** hosts.yml: the front-end, which is a KVM host too, the workers, and what one-deploy makes of them. */
export function renderInventory(settings: Settings, hosts: readonly InventoryHost[], passwords: Passwords): string {
  const [frontend] = hosts;
  if (frontend === undefined) throw new Error("the cloud has no front-end");
  const inventory = {
    all: { vars: deploymentVars(settings, frontend, passwords) },
    frontend: { hosts: hostVars([frontend]) },
    node: { hosts: hostVars(hosts) },
    ...(settings.monitoring && { grafana: { hosts: hostVars([frontend]) } }),
    ...(settings.evpn && { router: { hosts: hostVars([frontend]) } }),
  };
  return toYaml(inventory);
}

function deploymentVars(settings: Settings, frontend: InventoryHost, passwords: Passwords) {
  return {
    ansible_user: settings.sshUser,
    ensure_keys_for: ["root"],
    ensure_hostname: true,
    ensure_hosts: true,
    unattend_disable: true,
    update_pkg_cache: true,
    one_version: settings.oneVersion,
    one_pass: passwords.one,
    db_backend: "MariaDB",
    db_password: passwords.db,
    features: { evpn: settings.evpn, prometheus: settings.monitoring },
    // OneGate listens between hosts only; guests reach it through their host.
    gate_bind_addr: frontend.privateIp,
    gate_endpoint: "http://169.254.16.9:5030",
    gate_tproxy: [{ ":service_port": 5030, ":remote_addr": frontend.privateIp, ":remote_port": 5030 }],
    ...(settings.evpn && { evpn_if: "vmtovm" }),
    vn: { [PUBLIC_NETWORK]: publicNetwork(settings), vxlan: guestNetwork(settings) },
  };
}

/** The public network as `onevnet create` takes it, for a cloud that was deployed without networks. */
export function renderPublicNetwork(settings: Settings): string {
  const { template } = publicNetwork(settings);
  const lines = Object.entries({ NAME: PUBLIC_NETWORK, ...template }).map(([key, value]) => `${key} = "${value}"`);
  return `${lines.join("\n")}\n`;
}

/**
 * PHYDEV is left out, because with it the bridge driver would delete br0, and the host's public address, when the last
 * guest leaves. AR is left out, because a range can only be added once the driver is installed.
 */
function publicNetwork(settings: Settings) {
  return {
    managed: true,
    template: {
      VN_MAD: "bridge",
      BRIDGE: "br0",
      DNS: settings.flexibleIpDns.join(" "),
      NETWORK_MASK: "255.255.255.255",
      GATEWAY: settings.flexibleIpGateway,
      FILTER_IP_SPOOFING: "NO",
      FILTER_MAC_SPOOFING: "NO",
    },
  };
}

function guestNetwork(settings: Settings) {
  const network = readIpv4Network(settings.vxlanSubnet);
  return {
    managed: true,
    template: {
      VN_MAD: "vxlan",
      ...(settings.evpn && { VXLAN_MODE: "evpn", IP_LINK_CONF: "nolearning=" }),
      PHYDEV: "vmtovm",
      BRIDGE: "vmtovm0",
      // A fixed id, because oned drops AUTOMATIC_VLAN_ID and one-deploy would update the network at each run.
      VLAN_ID: settings.vxlanVlanId,
      GUEST_MTU: 1450,
      AR: { TYPE: "IP4", IP: settings.vxlanFirst, SIZE: settings.vxlanSize },
      NETWORK_ADDRESS: networkAddress(network),
      NETWORK_MASK: netmask(network),
      FILTER_IP_SPOOFING: "NO",
      FILTER_MAC_SPOOFING: "NO",
    },
  };
}

function hostVars(hosts: readonly InventoryHost[]) {
  return Object.fromEntries(
    hosts.map(({ name, publicIp, privateIp }) => [name, { ansible_ssh_host: publicIp, ansible_host: privateIp }]),
  );
}

/** YAML in which Ansible takes every text as it is, even if it looks like a Jinja expression. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false, version: "1.1" });
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === "string" && /\{[{%#]/.test(node.value)) node.tag = "!unsafe";
    },
  });
  return `---\n${document.toString({ lineWidth: 0, directives: false })}`;
}
