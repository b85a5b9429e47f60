// Adds to the Prometheus and Grafana that one-deploy installed: the driver's metrics, alert rules and dashboards.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { putFile, type RemoteFile } from "../remote/put-file.ts";
import { type Ssh, type SshTarget, shellQuoted } from "../remote/ssh.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PACKAGING = fileURLToPath(new URL("../../packaging", import.meta.url));
const PROMETHEUS = "/etc/one/prometheus";
const DASHBOARDS = "/var/lib/hosted-cloud/dashboards";
const TEXTFILES = "/var/lib/prometheus/node-exporter";
const UNITS = "/etc/systemd/system";
const DRIVER = "/var/lib/one/remotes/ipam/scw-flexip/scw-flexip";

// OpenNebula's tools rewrite prometheus.yml, but keep what rule_files names.
const NAME_RULES = `require "yaml"
file = "${PROMETHEUS}/prometheus.yml"
settings = YAML.load_file(file)
rules = "rules.d/*.rules.yml"
exit if Array(settings["rule_files"]).include?(rules)
settings["rule_files"] = Array(settings["rule_files"]) + [rules]
File.write(file + ".new", YAML.dump(settings))
File.rename(file + ".new", file)
puts "rules named in #{file}"
`;

const EXPORTER = `# Written by provision/monitoring (make monitoring).
[Service]
ExecStart=
ExecStart=/usr/bin/node_exporter --collector.textfile.directory=${TEXTFILES}
`;

// The same as the package's unit of this name, with the executable where make specifics puts it.
const SERVICE = `# Written by provision/monitoring (make monitoring).
[Unit]
Description=Metrics and address pools of flexible IPs, for node_exporter
After=opennebula.service

[Service]
Type=oneshot
User=oneadmin
Environment=HOME=/var/lib/one
ExecStart=-${DRIVER} pool --quiet
ExecStart=${DRIVER} metrics --quiet --file ${TEXTFILES}/scw-flexip.prom
# 1: OpenNebula or Scaleway did not answer, which is a metric too.
SuccessExitStatus=1
TimeoutStartSec=15min
`;

const PROVIDER = `apiVersion: 1
providers:
- name: hosted-cloud
  type: file
  folder: hosted-cloud
  options: { path: ${DASHBOARDS} }
`;

const TIMER = `# Written by provision/monitoring (make monitoring).
[Unit]
Description=Write the metrics of scw-flexip every five minutes

[Timer]
OnBootSec=3min
OnUnitInactiveSec=5min

[Install]
WantedBy=timers.target
`;

/** Returns how many things it changed. */
export async function installMonitoring(ssh: Ssh, frontend: SshTarget, say: (line: string) => void): Promise<number> {
  await needPrometheus(ssh, frontend);
  // node_exporter and the driver are oneadmin's.
  await ssh(frontend, `sudo install -d -m 0755 -o oneadmin -g oneadmin ${TEXTFILES}`);
  let changes = 0;
  for (const file of files()) {
    if (!(await putFile(ssh, frontend, file))) continue;
    say(`${frontend.name}: written ${file.path}`);
    changes += 1;
  }
  const named = await ssh(frontend, "sudo ruby -", { stdin: NAME_RULES });
  if (named !== "") say(`${frontend.name}: ${named.trim()}`);
  changes += Number(named !== "");
  if (changes === 0) return 0;
  const reload = [
    "systemctl daemon-reload",
    "systemctl restart opennebula-node-exporter.service opennebula-prometheus.service grafana-server.service",
    "systemctl enable --now scw-flexip-metrics.timer",
  ];
  await ssh(frontend, `sudo sh -c ${shellQuoted(reload.join(" && "))}`);
  return changes;
}

async function needPrometheus(ssh: Ssh, frontend: SshTarget): Promise<void> {
  const there = await ssh(frontend, `test -e ${PROMETHEUS}/prometheus.yml && echo there || true`);
  if (there === "") throw new Error(`${frontend.name}: Prometheus is not installed there; run: make deployment`);
}

function files(): RemoteFile[] {
  const unit = (name: string, content: string) => ({ path: `${UNITS}/${name}`, mode: "0644", content });
  return [
    unit("opennebula-node-exporter.service.d/hosted-cloud.conf", EXPORTER),
    unit("scw-flexip-metrics.service", SERVICE),
    unit("scw-flexip-metrics.timer", TIMER),
    ...[HERE, join(PACKAGING, "prometheus")].flatMap((folder) =>
      shipped(folder, ".rules.yml", `${PROMETHEUS}/rules.d`),
    ),
    { path: "/etc/grafana/provisioning/dashboards/hosted-cloud.yml", mode: "0644", content: PROVIDER },
    ...shipped(join(PACKAGING, "grafana"), ".json", DASHBOARDS),
  ];
}

function shipped(folder: string, ending: string, target: string): RemoteFile[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
  return names.map((name) => ({
    path: `${target}/${name}`,
    mode: "0644",
    content: readFileSync(join(folder, name), "utf8"),
  }));
}
