// The setting of the monitoring.
import { flag } from "../settings-rules.ts";

/** For the schema of settings. */
export const monitoringSettings = {
  monitoring: flag
    .default(false)
    .describe("Prometheus, Alertmanager and Grafana on the front-end, exporters on every host"),
};
