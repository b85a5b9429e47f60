// The files that make hardening puts on a host, each with its check and the command that reloads it. Pure.
import type { Settings } from "../settings.ts";
import { type FirewallSettings, renderFirewall } from "./firewall.ts";

export type HardeningSettings = FirewallSettings & Pick<Settings, "unattendedUpgrades">;

export type HostFile = {
  readonly path: string;
  readonly content: string;
  /** A command that must succeed with the file in place. */
  readonly check: string;
  /** The command that makes the change known. */
  readonly reload: string;
};

export type Hardening = {
  readonly packages: readonly string[];
  readonly files: readonly HostFile[];
  readonly firewall: string;
};

const NOTE = "Written by provision/hardening (make hardening). The next change overwrites changes by hand.";

/** For the front-end, or for every worker. */
export function renderHardening(settings: HardeningSettings, isFrontend: boolean): Hardening {
  const isProxy = isFrontend && settings.fireedgeName !== "";
  return {
    packages: [
      "nftables",
      ...(settings.unattendedUpgrades ? ["unattended-upgrades"] : []),
      ...(isProxy ? ["caddy"] : []),
    ],
    files: [sshd(), ...(settings.unattendedUpgrades ? [upgrades()] : []), ...(isProxy ? [caddy(settings)] : [])],
    firewall: renderFirewall(settings, isFrontend),
  };
}

/** sshd takes the first value, and cloud-init's file comes later in the alphabet. OpenNebula logs in as root, with keys. */
function sshd(): HostFile {
  const lines = [
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "PermitEmptyPasswords no",
    "X11Forwarding no",
    "MaxAuthTries 4",
  ];
  return {
    path: "/etc/ssh/sshd_config.d/10-hosted-cloud.conf",
    content: `# ${NOTE}\n${lines.join("\n")}\n`,
    check: "sshd -t",
    reload: "systemctl reload ssh",
  };
}

/** one-deploy removes the package, because it must not hold apt's lock meanwhile. So make hardening comes after it. */
function upgrades(): HostFile {
  const lines = [
    'APT::Periodic::Update-Package-Lists "1";',
    'APT::Periodic::Unattended-Upgrade "1";',
    "#clear Unattended-Upgrade::Allowed-Origins;",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: apt's own variables
    'Unattended-Upgrade::Allowed-Origins { "${distro_id}:${distro_codename}-security"; };',
    'Unattended-Upgrade::Package-Blacklist { "^opennebula"; };',
    'Unattended-Upgrade::Automatic-Reboot "false";',
  ];
  return {
    path: "/etc/apt/apt.conf.d/52-hosted-cloud",
    content: `// ${NOTE}\n${lines.join("\n")}\n`,
    check: "apt-config dump",
    reload: "systemctl enable --now apt-daily.timer apt-daily-upgrade.timer",
  };
}

/** FireEdge's consoles are web sockets; Caddy passes these on by itself. */
function caddy({ fireedgeName, fireedgeCertificate }: HardeningSettings): HostFile {
  const tls = {
    acme: "",
    internal: "\ttls internal\n",
    own: "\ttls /etc/hosted-cloud/fireedge.crt /etc/hosted-cloud/fireedge.key\n",
  };
  const content = `# ${NOTE}
${fireedgeName} {
${tls[fireedgeCertificate]}\theader Strict-Transport-Security max-age=31536000
\treverse_proxy 127.0.0.1:2616
}
`;
  const path = "/etc/caddy/Caddyfile";
  return {
    path,
    content,
    check: `caddy validate --adapter caddyfile --config ${path}`,
    reload: "systemctl enable caddy && systemctl reload-or-restart caddy",
  };
}
