// make monitoring: the stack's outputs on standard input → the driver's metrics, alerts and dashboards are in place.
import { installMonitoring } from "../monitoring/install.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { frontendOf, monitoringOutputs, readOutputs } from "./outputs.ts";

await runOperation(async () => {
  const { sshUser, hosts, monitoring } = await readOutputs(monitoringOutputs);
  if (!monitoring)
    return say(
      "monitoring is off; to turn it on: pulumi config set monitoring true, then: make up deployment monitoring",
    );
  const changes = await installMonitoring(operatorSsh(), frontendOf(sshUser, hosts), say);
  say(changes === 0 ? "nothing to change" : `${changes} changes made`);
});
