// What is about to be ordered: the offer, its stock, option and price, the image, the quota.
import * as z from "zod";
import { formerMachine } from "../former-names.ts";
import { ApiRefusal, type Scaleway } from "../remote/scaleway.ts";
import type { Settings } from "../settings.ts";
import { FRONTEND } from "../settings-schema.ts";
import { type Finding, missing, ok, unknown } from "./finding.ts";

const OPTION = "Private Network";

const money = z.object({ currency_code: z.string(), units: z.int(), nanos: z.int() }).nullish();
const offer = z.object({
  name: z.string(),
  stock: z.string(),
  enable: z.boolean(),
  quota_name: z.string().nullish(),
  price_per_hour: money,
  price_per_month: money,
  /** Paid once, for each server. */
  fee: money,
  options: z.array(z.object({ name: z.string(), price: money })).default([]),
});
const offersSchema = z.object({ offers: z.array(offer) });
const imagesSchema = z.object({ os: z.array(z.object({ name: z.string(), version: z.string() })) });
const serversSchema = z.object({ servers: z.array(z.object({ name: z.string() })) });
const limit = z.object({ zone: z.string().nullish(), limit: z.int().nullish(), unlimited: z.boolean().nullish() });
const quotaSchema = z.object({ quota: z.array(z.object({ name: z.string(), limits: z.array(limit).default([]) })) });

type Offer = z.output<typeof offer>;

/** Whether the zone has what the settings ask for, as often as they ask for it. */
export async function checkOrder(api: Scaleway, settings: Settings): Promise<Finding[]> {
  try {
    const zone = `/baremetal/v1/zones/${settings.zone}`;
    const query = { subscription_period: settings.subscriptionPeriod, page_size: "100" };
    const { offers } = await api.get(`${zone}/offers`, query, offersSchema);
    const { os } = await api.get(`${zone}/os`, { page_size: "100" }, imagesSchema);
    const mine = { project_id: settings.projectId, page_size: "100" };
    const { servers } = await api.get(`${zone}/servers`, mine, serversSchema);
    const toOrder = countToOrder(servers, settings);
    // The provider too ignores upper and lower case.
    const found = offers.find(({ name }) => name.toUpperCase() === settings.offer.toUpperCase());
    return [
      ok(`${toOrder} of ${settings.workers.length + 1} servers are still to be ordered`),
      ...offerFindings(found, offers, settings, toOrder),
      imageFinding(os, settings),
      ...(found === undefined ? [] : [await quotaFinding(api, found, settings)]),
      ok(`${settings.publicAddressCount} flexible IPs are bought by make specifics`),
    ];
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    const next = "correct scaleway:zone or the key's permissions";
    return [missing(`zone ${settings.zone} cannot be asked (${error.message})`, next)];
  }
}

/** An existing server is not ordered again. */
function countToOrder(servers: readonly { name: string }[], { namePrefix, workers }: Settings): number {
  const there = new Set(servers.map(({ name }) => name));
  const isThere = (name: string) =>
    there.has(`${namePrefix}-${name}`) || there.has(`${namePrefix}-${formerMachine(name)}`);
  return [FRONTEND, ...workers].filter((name) => !isThere(name)).length;
}

function offerFindings(
  found: Offer | undefined,
  offers: readonly Offer[],
  settings: Settings,
  toOrder: number,
): Finding[] {
  const { offer: name, zone, subscriptionPeriod } = settings;
  if (found === undefined) {
    const sold = offers.filter(({ enable, stock }) => enable && stock !== "empty").map((other) => other.name);
    const next = `set offer to one of ${sold.sort().join(", ")}`;
    return [missing(`zone ${zone} has no offer ${name} (${subscriptionPeriod})`, next)];
  }
  return [stockFinding(found, zone, toOrder), ...priceFindings(found, settings)];
}

function stockFinding({ name, stock, enable }: Offer, zone: string, toOrder: number): Finding {
  if (toOrder === 0) return ok(`offer ${name}`);
  if (!enable) return missing(`offer ${name} is no longer sold in ${zone}`, "set another offer");
  if (stock === "empty")
    return missing(`offer ${name} is out of stock in ${zone}`, "wait, or set another offer or zone");
  if (stock === "low" && toOrder > 1)
    return unknown(`offer ${name} is low in stock in ${zone}`, `${toOrder} may be too many`);
  return ok(`offer ${name} is in stock (${stock})`);
}

/** What all servers cost together, front-end and option included. */
function priceFindings(found: Offer, { subscriptionPeriod, workers }: Settings): Finding[] {
  const option = found.options.find(({ name }) => name === OPTION);
  if (option === undefined) return [missing(`offer ${found.name} has no option ${OPTION}`, "set another offer")];
  const isHourly = subscriptionPeriod === "hourly";
  const price = isHourly ? found.price_per_hour : found.price_per_month;
  if (price === undefined || price === null)
    return [unknown(`offer ${found.name} states no price`, "look in the console")];
  const servers = workers.length + 1;
  const sum = (...parts: readonly z.output<typeof money>[]) =>
    `${parts.reduce((total, part) => total + servers * amount(part), 0).toFixed(2)} ${price.currency_code}`;
  const once = amount(found.fee) > 0 ? `, and once ${sum(found.fee)}` : "";
  const each = `${sum(price, option.price)} ${isHourly ? "an hour" : "a month"}${once}`;
  return [ok(`${servers} servers with private networks cost ${each}; flexible IPs apart`)];
}

function amount(price: z.output<typeof money>): number {
  return price === undefined || price === null ? 0 : price.units + price.nanos / 1e9;
}

function imageFinding(
  images: readonly { name: string; version: string }[],
  { osName, osVersion, zone }: Settings,
): Finding {
  if (images.some(({ name, version }) => name === osName && version === osVersion))
    return ok(`image ${osName} ${osVersion}`);
  const versions = images.filter(({ name }) => name === osName).map(({ version }) => version);
  const next = versions.length > 0 ? `set osVersion to one of ${versions.join(", ")}` : "set osName to another image";
  return missing(`zone ${zone} has no image ${osName} ${osVersion}`, next);
}

/** The limit of the zone. The API does not say how much of it is in use, so the reader must judge. */
async function quotaFinding(
  api: Scaleway,
  { quota_name: name }: Offer,
  { organizationId, zone }: Settings,
): Promise<Finding> {
  const look = "look at Organization, Quotas in the console";
  if (typeof name !== "string" || name === "") return unknown("the offer names no quota", look);
  const query = { organization_id: organizationId, page_size: "100" };
  const { quota } = await api.get("/iam/v1alpha1/quota", query, quotaSchema);
  const limits = quota.find((candidate) => candidate.name === name)?.limits ?? [];
  const here = limits.find((each) => each.zone === zone) ?? limits.find((each) => (each.zone ?? "") === "");
  if (here?.unlimited === true) return ok(`quota ${name} is unlimited`);
  if (typeof here?.limit !== "number") return unknown(`quota ${name} cannot be read`, look);
  return ok(`quota ${name} allows ${here.limit} in ${zone}, servers of other projects included`);
}
