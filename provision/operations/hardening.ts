// make hardening: the stack's outputs on standard input → every host is hardened. [--look] [HOST]
import { hardenHost, lookAtHardening } from "../hardening/change.ts";
import { onEachHost } from "./each-host.ts";
import { operatorSsh, runOperation } from "./operation.ts";
import { hardeningOutputs, readOutputs } from "./outputs.ts";

const PORTS = { ssh: operatorSsh(), restoreAfterMs: 120_000 };

await runOperation(async () => {
  const { sshUser: user, hosts, hardening } = await readOutputs(hardeningOutputs);
  const targets = hosts.map(({ name, publicIp: host }, index) => ({
    name,
    host,
    user,
    wanted: index === 0 ? hardening.frontend : hardening.worker,
  }));
  await onEachHost(targets, {
    target: "hardening",
    change: (target, say) => hardenHost(target, target.wanted, { ...PORTS, say }),
    look: (target, say) => lookAtHardening(target, target.wanted, { ...PORTS, say }),
  });
});
