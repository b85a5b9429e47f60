// Which Elastic Metal server a host is, as its file says and as Scaleway knows it; and the bridges on it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type Config, readServerId } from "../../config.ts";
import { ApiError, reasonOf } from "../../errors.ts";
import { readServer, type Server } from "../elastic-metal.ts";
import type { Operator } from "../operator.ts";
import { userAgentOf } from "../survey.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

/** Whether this machine is the server that its server id file names, and whether the project is the server's. */
export async function checkServer(operator: Operator, config: Config, token: string): Promise<Finding[]> {
  const cure = "scw-flexip install --hosts HOST (on the front-end, with this host's name in OpenNebula)";
  let id: string;
  try {
    id = readServerId(config);
  } catch (error) {
    return [failure("server-id", reasonOf(error), cure)];
  }
  try {
    const server = await readServer(config, token, userAgentOf(operator), id);
    const own = ownAddresses();
    if (!server.addresses.some((address) => own.has(address))) {
      const theirs = server.addresses.join(", ") || "no address";
      return [failure("server-id", `server ${id} has ${theirs}, which this machine does not have`, cure, id)];
    }
    return [ok("server-id", `${id} is this machine`, id), ...project(server, config)];
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
      return [failure("server-id", `Scaleway has no server ${id} in ${config.zone} that this key may read`, cure, id)];
    }
    return [warning("server-id", `${id} cannot be compared with this machine: ${reasonOf(error)}`, cure, id)];
  }
}

function project({ projectId }: Server, config: Config): Finding[] {
  if (projectId === "" || projectId === config.projectId)
    return [ok("project", `the server is of project ${projectId}`)];
  const why = `this server is of project ${projectId}, but PROJECT_ID is ${config.projectId}`;
  return [
    failure("project", why, "sudoedit /var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf (on the front-end)"),
  ];
}

/** The addresses of this machine, each with its interface. */
function ownAddresses(): Map<string, string> {
  return new Map(
    Object.entries(networkInterfaces()).flatMap(([name, all]) =>
      (all ?? []).map(({ address }) => [address.toLowerCase(), name] as const),
    ),
  );
}

/** The bridges that the networks of our ranges name: each is there, is up, and has an interface that no guest owns. */
export function checkBridges({ layout }: Operator, bridges: readonly string[]): Finding[] {
  const net = layout.at("/sys/class/net");
  return bridges.map((bridge) => {
    const folder = join(net, bridge);
    if (!existsSync(folder)) return failure("bridge", `there is no bridge ${bridge}`, `ip -br link; ${READ}`, bridge);
    if (!existsSync(join(folder, "bridge")))
      return failure("bridge", `${bridge} is no bridge`, `ip -d link show ${bridge}; ${READ}`, bridge);
    // Up or unknown is what a bridge says with no guest on it.
    if (textOf(join(folder, "operstate")) === "down") {
      return failure("bridge", `${bridge} is down`, `ip link set ${bridge} up`, bridge);
    }
    const ports = readdirSync(join(folder, "brif"));
    // A guest's interface is a tap, which alone has tun_flags.
    const outward = ports.filter((port) => !existsSync(join(net, port, "tun_flags")));
    if (outward.length > 0)
      return ok("bridge", `${bridge} is up, and reaches outside by ${outward.join(", ")}`, bridge);
    return failure(
      "bridge",
      `${bridge} has no interface that leads outside: guests reach nobody`,
      `bridge link; ${READ}`,
      bridge,
    );
  });
}

const READ = 'see "The bridge" in docs/install.md';

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
