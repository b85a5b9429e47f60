// Scaleway's resolvers, two in each zone, as its documentation lists them.
const RESOLVERS: Readonly<Record<string, readonly string[]>> = {
  "fr-par-1": ["51.159.69.162", "51.159.69.156"],
  "fr-par-2": ["51.159.47.28", "51.159.47.26"],
  "fr-par-3": ["51.159.44.148", "51.159.44.151"],
  "nl-ams-1": ["51.158.139.28", "51.158.139.25"],
  "nl-ams-2": ["51.158.229.23", "51.158.229.25"],
  "nl-ams-3": ["51.159.253.3", "51.159.253.11"],
  "pl-waw-1": ["151.115.9.151", "151.115.9.153"],
  "pl-waw-2": ["151.115.69.15", "151.115.69.26"],
  "pl-waw-3": ["151.115.125.3", "151.115.125.11"],
};

/** The resolvers of a zone; none for a zone that is newer than this list. */
export function resolversOf(zone: string): readonly string[] {
  return RESOLVERS[zone] ?? [];
}
