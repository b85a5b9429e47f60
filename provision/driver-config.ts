// The settings file of the driver, which driver/config.ts reads. Pure.
import type { Settings } from "./settings.ts";

/** scw-flexip.conf for this cloud. */
export function renderDriverConfig(settings: Settings): string {
  const lines = {
    ZONE: settings.zone,
    PROJECT_ID: settings.projectId,
    CLOUD: settings.driverCloud,
    LOG_LEVEL: settings.driverLogLevel,
    GATEWAY: settings.flexibleIpGateway,
    DNS: settings.flexibleIpDns.join(" "),
    TIMEOUT: String(settings.driverTimeout),
    HOOK_TIMEOUT: String(settings.driverHookTimeout),
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}="${value}"`);
  return `# Written by provision/ (make specifics). The next run overwrites changes by hand.\n${text.join("\n")}\n`;
}
