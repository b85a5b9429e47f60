import { randomUUID } from "node:crypto";
import { z } from "zod";

const TAG = "scw-flexip:record";
const ANSWER_TIMEOUT_MS = 30_000;

export type Settings = {
  readonly secretKey: string;
  readonly projectId: string;
  /** Of all flexible IPs of the zone. */
  readonly url: string;
  /** Empty: nothing is attached. */
  readonly serverId: string;
};

export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly request: unknown;
  readonly status: number;
  /** A text where the answer is no JSON. */
  readonly response: unknown;
};

const flexibleIp = z.looseObject({
  id: z.string(),
  ip_address: z.string(),
  status: z.string(),
  tags: z.array(z.string()),
});
const page = z.looseObject({ flexible_ips: z.array(flexibleIp) });
export type FlexibleIp = z.infer<typeof flexibleIp>;

/** The project behind the API. What is asked for by a step's name is kept as a fixture. */
export class Project {
  readonly kept: (readonly [name: string, exchange: Exchange])[] = [];
  /** Says which run made a flexible IP: what another one left is not this one's to delete. */
  readonly runTag = `${TAG}=${randomUUID()}`;
  created: FlexibleIp | undefined;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async create(): Promise<FlexibleIp> {
    const { projectId } = this.#settings;
    const tags = [TAG, this.runTag];
    const body = { project_id: projectId, description: "scw-flexip record", tags, is_ipv6: false };
    this.created = flexibleIp.parse(await this.step("create", "POST", "", body));
    return this.created;
  }

  /** Makes the call and keeps the exchange. Throws when the status is none of those wanted. */
  async step(name: string, method: string, path: string, body: unknown = null, wanted = [200]): Promise<unknown> {
    const exchange = await this.#call(method, path, body);
    if (!wanted.includes(exchange.status)) throw new Error(describe(exchange));
    this.kept.push([name, exchange]);
    return exchange.response;
  }

  /** Reads the status; kept when it is a new one to `seen`. */
  async look(id: string, seen: Set<string>): Promise<string> {
    const exchange = await this.#call("GET", `/${id}`, null);
    if (exchange.status !== 200) throw new Error(describe(exchange));
    const { status } = flexibleIp.parse(exchange.response);
    if (!seen.has(status)) this.kept.push([`read-${status}`, exchange]);
    seen.add(status);
    return status;
  }

  /** What this run made and is still there. */
  async left(): Promise<FlexibleIp[]> {
    const exchange = await this.#call("GET", this.listing(), null);
    if (exchange.status !== 200) throw new Error(describe(exchange));
    return page.parse(exchange.response).flexible_ips.filter(({ tags }) => tags.includes(this.runTag));
  }

  listing(): string {
    const { projectId } = this.#settings;
    return `?${new URLSearchParams({ order_by: "created_at_asc", project_id: projectId, tags: this.runTag })}`;
  }

  /** Asks for a deletion, whatever is answered: a listing tells what came of it. */
  async delete(id: string): Promise<void> {
    await this.#call("DELETE", `/${id}`, null);
  }

  async #call(method: string, path: string, request: unknown): Promise<Exchange> {
    const { secretKey, url } = this.#settings;
    const target = new URL(url + path);
    const answer = await fetch(target, {
      method,
      redirect: "error",
      headers: { "X-Auth-Token": secretKey, "Content-Type": "application/json" },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(request === null ? {} : { body: JSON.stringify(request) }),
    });
    const response = parsed(await answer.text());
    return { method, path: target.pathname + target.search, request, status: answer.status, response };
  }
}

function parsed(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describe({ method, path, status, response }: Exchange): string {
  const { message } = z.looseObject({ message: z.string() }).catch({ message: "" }).parse(response);
  return `${method} ${path}: ${status} ${message}`.trim();
}
