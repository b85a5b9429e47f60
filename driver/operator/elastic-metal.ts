// The project's Elastic Metal servers, as their own API lists them: a host is the server that has its address.
import * as z from "zod/mini";
import type { Config } from "../config.ts";
import { ApiError } from "../errors.ts";
import { look } from "./api-look.ts";

const PAGE_SIZE = "100";
const bodySchema = z.object({
  id: z.string(),
  name: z._default(z.string(), ""),
  project_id: z._default(z.string(), ""),
  ips: z._default(z.array(z.object({ address: z.string() })), []),
});
const serverSchema = z.pipe(
  bodySchema,
  z.transform(({ id, name, project_id, ips }: z.infer<typeof bodySchema>) => ({
    id: id.toLowerCase(),
    name,
    projectId: project_id.toLowerCase(),
    addresses: ips.map(({ address }) => address.replace(/\/.*$/, "").toLowerCase()),
  })),
);
const pageSchema = z.object({ servers: z.array(serverSchema), total_count: z.number() });

export type Server = Readonly<z.output<typeof serverSchema>>;

/** All servers of the project in the zone. Throws DriverError. */
export async function listServers(config: Config, token: string, userAgent: string): Promise<Server[]> {
  const servers: Server[] = [];
  for (let page = 1; ; page += 1) {
    const query = { project_id: config.projectId, page: String(page), page_size: PAGE_SIZE };
    const { body } = await look(config, token, userAgent, `${pathOf(config)}?${new URLSearchParams(query)}`);
    const { servers: found, total_count } = parse(pageSchema, body);
    servers.push(...found);
    if (found.length === 0 || servers.length >= total_count) return servers;
  }
}

/** One server of any project that the key may read. Throws DriverError. */
export async function readServer(config: Config, token: string, userAgent: string, id: string): Promise<Server> {
  const { body } = await look(config, token, userAgent, `${pathOf(config)}/${id}`);
  return parse(serverSchema, body);
}

function pathOf({ zone }: Config): string {
  return `/baremetal/v1/zones/${zone}/servers`;
}

function parse<T>(schema: z.ZodMiniType<T>, body: unknown): T {
  const result = z.safeParse(schema, body);
  if (result.success) return result.data;
  throw new ApiError("the answer about Elastic Metal servers does not fit", "ask Scaleway whether the API changed", {});
}
