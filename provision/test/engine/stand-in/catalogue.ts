// What Elastic Metal sells in the zone, as the real API answered on 2025-12-09 (a few of its offers, options and images).
import { readFileSync } from "node:fs";
import { type Document, documentsOf, parseDocument, textOf } from "./record.ts";
import { listing, ok, type Route, type World } from "./route.ts";

const ZONE = "/baremetal/v1/zones/:zone";
const NOT_FOUND = { status: 404, body: { message: "Not Found" } } as const;

const recorded = parseDocument(readFileSync(new URL("../recorded/catalogue.json", import.meta.url), "utf8"));

/** Fills the catalogue in, where a play may change it: stock, offers that are no longer sold. */
export function fillCatalogue(world: World): void {
  world.store.restore({
    offers: documentsOf(recorded, "offers"),
    options: documentsOf(recorded, "options"),
    os: documentsOf(recorded, "os"),
  });
}

/** Offers, options and images, read only. */
export function catalogueRoutes(world: World): Route[] {
  const one = (kind: string, id: string | undefined) => {
    const document = world.store.kind(kind).get(id ?? "");
    return document === undefined ? NOT_FOUND : ok(document);
  };
  return [
    ["GET", `${ZONE}/offers`, ({ query }) => listing("offers", offersFor(world, query.get("subscription_period")))],
    ["GET", `${ZONE}/offers/:id`, ({ at }) => one("offers", at.id)],
    ["GET", `${ZONE}/options`, () => listing("options", world.store.list("options"))],
    ["GET", `${ZONE}/options/:id`, ({ at }) => one("options", at.id)],
    ["GET", `${ZONE}/os`, () => listing("os", world.store.list("os"))],
    ["GET", `${ZONE}/os/:id`, ({ at }) => one("os", at.id)],
  ];
}

/** Unless monthly ones are asked for, the API lists hourly offers, as recorded. */
function offersFor(world: World, period: string | null): Document[] {
  const wanted = period === "monthly" ? "monthly" : "hourly";
  return world.store.list("offers").filter((offer) => textOf(offer, "subscription_period") === wanted);
}
