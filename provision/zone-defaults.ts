// What the driver takes for a zone where no setting says otherwise.
import { defaultOf } from "../driver/settings.ts";

/** Scaleway's resolvers of a zone; none for a zone that is newer than the driver's list. */
export function zoneResolvers(zone: string): readonly string[] {
  return (defaultOf("DNS", zone) ?? "").split(" ").filter((address) => address !== "");
}

/** The gateway of the flexible IPs of a zone. */
export function zoneGateway(zone: string): string {
  return defaultOf("GATEWAY", zone) ?? "";
}
