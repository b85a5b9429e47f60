// What is about to be ordered: the offer, its stock and option, the image, the quotas.
import * as z from "zod";
import type { Settings } from "../settings.ts";
import { type Finding, missing, ok, unknown } from "./finding.ts";
import { ApiRefusal, type Scaleway } from "./scaleway.ts";

const money = z.object({ currency_code: z.string(), units: z.int(), nanos: z.int() });
const offer = z.object({
  name: z.string(),
  stock: z.string(),
  enable: z.boolean(),
  quota_name: z.string().nullish(),
  price_per_hour: money.nullish(),
  price_per_month: money.nullish(),
  options: z.array(z.object({ name: z.string() })).default([]),
});
const offersSchema = z.object({ offers: z.array(offer) });
const imagesSchema = z.object({ os: z.array(z.object({ name: z.string(), version: z.string() })) });
const serversSchema = z.object({ servers: z.array(z.object({ name: z.string() })), total_count: z.int() });
const quotaSchema = z.object({
  quota: z.array(
    z.object({
      name: z.string(),
      limits: z.array(z.object({ limit: z.int().nullish(), unlimited: z.boolean().nullish() })).default([]),
    }),
  ),
});

type Offer = z.output<typeof offer>;

/** Whether the zone has what the settings ask for, as often as they ask for it. */
export async function checkOrder(api: Scaleway, settings: Settings): Promise<Finding[]> {
  try {
    const { zone, subscriptionPeriod } = settings;
    const query = { subscription_period: subscriptionPeriod, page_size: "100" };
    const { offers } = await api.get(`/baremetal/v1/zones/${zone}/offers`, query, offersSchema);
    const { os } = await api.get(`/baremetal/v1/zones/${zone}/os`, { page_size: "100" }, imagesSchema);
    const toOrder = await countToOrder(api, settings);
    const found = offers.find(({ name }) => name === settings.offer);
    return [
      ok(`${toOrder} of ${settings.workers.length + 1} servers are still to be ordered`),
      ...offerFindings(found, offers, settings, toOrder),
      imageFinding(os, settings),
      ...(found === undefined ? [] : await quotaFindings(api, found, settings, toOrder)),
    ];
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    return [
      missing(
        `zone ${settings.zone} cannot be asked (${error.message})`,
        "correct scaleway:zone or the key's permissions",
      ),
    ];
  }
}

/** A server that is there is not ordered again. */
async function countToOrder(api: Scaleway, { zone, projectId, namePrefix, workers }: Settings): Promise<number> {
  const query = { project_id: projectId, page_size: "100" };
  const { servers } = await api.get(`/baremetal/v1/zones/${zone}/servers`, query, serversSchema);
  const names = ["fe", ...workers.map((number) => `worker-${String(number).padStart(2, "0")}`)];
  return names.filter((name) => !servers.some((server) => server.name === `${namePrefix}-${name}`)).length;
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
    return [
      missing(
        `zone ${zone} has no offer ${name} (${subscriptionPeriod})`,
        `set offer to one of ${sold.sort().join(", ")}`,
      ),
    ];
  }
  return [stockFinding(found, zone, toOrder), optionFinding(found), ...priceFindings(found, settings)];
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

function optionFinding({ name, options }: Offer): Finding {
  if (options.some((option) => option.name === "Private Network")) return ok(`offer ${name} can have private networks`);
  return missing(`offer ${name} has no option Private Network`, "set another offer");
}

/** What all servers cost together, the front-end included. */
function priceFindings(found: Offer, { subscriptionPeriod, workers }: Settings): Finding[] {
  const price = subscriptionPeriod === "hourly" ? found.price_per_hour : found.price_per_month;
  if (price === undefined || price === null) return [];
  const servers = workers.length + 1;
  const total = ((price.units + price.nanos / 1e9) * servers).toFixed(2);
  const period = subscriptionPeriod === "hourly" ? "an hour" : "a month";
  return [ok(`${servers} servers cost ${total} ${price.currency_code} ${period}, flexible IPs apart`)];
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

async function quotaFindings(
  api: Scaleway,
  { quota_name: name }: Offer,
  settings: Settings,
  toOrder: number,
): Promise<Finding[]> {
  const look = "look at Organization, Quotas in the console";
  const addresses = unknown(
    `${settings.publicAddressCount + settings.flexibleIpCount} flexible IPs will be bought`,
    look,
  );
  if (typeof name !== "string" || name === "") return [unknown("the offer names no quota", look), addresses];
  const { quota } = await api.get(
    "/iam/v1alpha1/quota",
    { organization_id: settings.organizationId, page_size: "100" },
    quotaSchema,
  );
  const limits = quota.find((candidate) => candidate.name === name)?.limits ?? [];
  const { total_count: used } = await api.get(
    `/baremetal/v1/zones/${settings.zone}/servers`,
    { organization_id: settings.organizationId, page_size: "1" },
    serversSchema,
  );
  if (limits.length === 0) return [unknown(`quota ${name} cannot be read`, look), addresses];
  if (limits.some(({ unlimited }) => unlimited === true)) return [ok(`quota ${name} is unlimited`), addresses];
  const limit = Math.max(...limits.map((each) => each.limit ?? 0));
  if (used + toOrder <= limit)
    return [ok(`quota ${name}: ${used} of ${limit} in use, ${toOrder} more to order`), addresses];
  const short = `quota ${name} allows ${limit} servers, ${used} are in use and ${toOrder} more wanted`;
  return [missing(short, "ask Scaleway's support to raise it, or lower workerCount"), addresses];
}
