// make network: the stack's outputs on standard input → each host has its network. [--look] [HOST]
import { readFileSync } from "node:fs";
import { changeHostNetwork, lookAtHostNetwork } from "../host-network/change.ts";
import { onEachHost } from "./each-host.ts";
import { operatorSsh, runOperation } from "./operation.ts";
import { hostsOutputs, readOutputs } from "./outputs.ts";

const PORTS = {
  ssh: operatorSsh(),
  script: readFileSync(new URL("../host-network/host-network.sh", import.meta.url), "utf8"),
  reachableWithinMs: 45 * 60_000,
  deniedForMs: 3 * 60_000,
  restoreAfterMs: 180_000,
};

await runOperation(async () => {
  const { sshUser: user, zone, hosts } = await readOutputs(hostsOutputs);
  const requests = hosts.map(({ name, publicIp: host, layout }) => ({ name, host, user, zone, layout }));
  await onEachHost(requests, {
    target: "network",
    change: (request, say) => changeHostNetwork(request, { ...PORTS, say }),
    look: (request, say) => lookAtHostNetwork(request, { ...PORTS, say }),
  });
});
