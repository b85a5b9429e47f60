// make monitoring: the stack's outputs on standard input → the driver's metrics, alerts and dashboards are in place.
import { installMonitoring } from "../monitoring/install.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { monitoringOutputs, readOutputs } from "./outputs.ts";

await runOperation(async () => {
  const { sshUser: user, hosts, monitoring } = await readOutputs(monitoringOutputs);
  const [frontend] = hosts;
  if (!monitoring || frontend === undefined)
    return say(
      "monitoring is off; to turn it on: pulumi config set monitoring true, then: make up deployment monitoring",
    );
  const changes = await installMonitoring(operatorSsh(), { name: frontend.name, host: frontend.publicIp, user }, say);
  say(changes === 0 ? "nothing to change" : `${changes} changes made`);
});
