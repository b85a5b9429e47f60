// make hardening: the stack's outputs on standard input → every host is hardened. [--look] [HOST]
import { type HardeningPorts, hardenHost, lookAtHardening } from "../hardening/change.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { hardeningOutputs, readOutputs } from "./outputs.ts";

const isLook = process.argv[2] === "--look";
const only = process.argv[isLook ? 3 : 2];

await runOperation(async () => {
  const { sshUser: user, hosts, hardening } = await readOutputs(hardeningOutputs);
  const [frontend, ...workers] = hosts;
  const order = [...workers, ...(frontend === undefined ? [] : [frontend])];
  const chosen = order.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0)
    throw new Error(
      `no host ${only}; the hosts are ${hosts.map(({ name }) => name).join(", ")}: make hardening HOST=<name>`,
    );
  const differing: string[] = [];
  for (const { name, publicIp: host } of chosen) {
    const ports: HardeningPorts = {
      ssh: operatorSsh(),
      say: (line) => say(`${name}: ${line}`),
      restoreAfterMs: 120_000,
    };
    const wanted = name === frontend?.name ? hardening.frontend : hardening.worker;
    if (!isLook) await hardenHost({ name, host, user }, wanted, ports);
    else if (await differs({ name, host, user }, wanted, ports)) differing.push(name);
  }
  if (differing.length > 0)
    throw new Error(`${differing.join(", ")} is not hardened as it should be; run: make hardening`);
});

/** A host that cannot be looked at counts as one that differs, and the others are looked at all the same. */
async function differs(...[host, wanted, ports]: Parameters<typeof lookAtHardening>): Promise<boolean> {
  const differences = await lookAtHardening(host, wanted, ports).catch((error: unknown) => [
    error instanceof Error ? error.message : String(error),
  ]);
  for (const line of differences.length > 0 ? differences : ["as it should be"]) ports.say(line);
  return differences.length > 0;
}
