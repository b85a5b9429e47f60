// Scaleway's resolvers, from the driver's settings.
import { defaultOf } from "../driver/settings.ts";

/** The resolvers of a zone; none for a zone that is newer than the driver's list. */
export function zoneResolvers(zone: string): readonly string[] {
  return (defaultOf("DNS", zone) ?? "").split(" ").filter((address) => address !== "");
}
