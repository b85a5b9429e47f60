// make network: the stack's outputs on standard input → each host has its network. [--look] [HOST]
import { readFileSync } from "node:fs";
import { changeHostNetwork, type HostNetworkPorts, lookAtHostNetwork } from "../host-network/change.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { hostsOutputs, readOutputs } from "./outputs.ts";

const isLook = process.argv[2] === "--look";
const only = process.argv[isLook ? 3 : 2];

const PORTS = {
  ssh: operatorSsh(),
  script: readFileSync(new URL("../host-network/host-network.sh", import.meta.url), "utf8"),
  reachableWithinMs: 45 * 60_000,
  deniedForMs: 3 * 60_000,
  restoreAfterMs: 180_000,
};

await runOperation(async () => {
  const { sshUser, zone, hosts } = await readOutputs(hostsOutputs);
  const [frontend, ...workers] = hosts;
  // The front-end last: what goes wrong shows on a worker.
  const chosen = [...workers, ...(frontend === undefined ? [] : [frontend])].filter(
    ({ name }) => only === undefined || name === only,
  );
  if (chosen.length === 0) {
    throw new Error(
      `no host ${only}; the hosts are ${hosts.map(({ name }) => name).join(", ")}: make network HOST=<name>`,
    );
  }
  const requests = chosen.map(({ name, publicIp, layout }) => ({ name, host: publicIp, user: sshUser, zone, layout }));
  const differing: string[] = [];
  for (const request of requests) {
    const ports: HostNetworkPorts = { ...PORTS, say: (line) => say(`${request.name}: ${line}`) };
    if (!isLook) await changeHostNetwork(request, ports);
    else if (await differs(request, ports)) differing.push(request.name);
  }
  if (differing.length > 0)
    throw new Error(`the network of ${differing.join(", ")} is not as it should be; run: make network`);
});

/** A host that cannot be looked at is told like one that differs, and the others are looked at all the same. */
async function differs(request: Parameters<typeof lookAtHostNetwork>[0], ports: HostNetworkPorts): Promise<boolean> {
  try {
    const differences = await lookAtHostNetwork(request, ports);
    for (const line of differences) ports.say(line);
    if (differences.length === 0) ports.say("as it should be");
    return differences.length > 0;
  } catch (error) {
    ports.say(error instanceof Error ? error.message : String(error));
    return true;
  }
}
