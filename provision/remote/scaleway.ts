// Scaleway's API without Pulumi: reads, and the protection of servers. Errors hold status and words of the API, never the key.
import * as z from "zod";
import { parseJson } from "../json.ts";

export type Scaleway = {
  /** Reads one document. Throws ApiRefusal. */
  readonly get: <Body>(path: string, query: Readonly<Record<string, string>>, body: z.ZodType<Body>) => Promise<Body>;
  /** Changes one document. Throws ApiRefusal. */
  readonly patch: (path: string, change: Readonly<Record<string, unknown>>) => Promise<void>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Scaleway answered no, or not at all. */
export class ApiRefusal extends Error {
  override name = "ApiRefusal";
  /** Undefined when no answer came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const DEADLINE_MS = 20_000;
const errorBody = z.object({ message: z.string() });

/** What is missing in the environment for calls to the API, each with the next move. */
export function missingKeys({ SCW_ACCESS_KEY: accessKey = "", SCW_SECRET_KEY: secretKey = "" }: Environment): string[] {
  return [
    ...(/^SCW[A-Z0-9]{17}$/.test(accessKey) ? [] : ["SCW_ACCESS_KEY holds no access key; export SCW_ACCESS_KEY=SCW…"]),
    ...(/^[0-9a-f-]{36}$/i.test(secretKey) ? [] : ["SCW_SECRET_KEY holds no secret key; export SCW_SECRET_KEY=…"]),
  ];
}

/** The API with the key in the environment. */
export function scalewayOf(environment: Environment): Scaleway {
  const [lack] = missingKeys(environment);
  if (lack !== undefined) throw new Error(lack);
  return openScaleway(environment.SCW_API_URL ?? "https://api.scaleway.com", environment.SCW_SECRET_KEY ?? "");
}

/** The API at `url`. The secret key travels encrypted, or stays on this machine. */
function openScaleway(url: string, secretKey: string): Scaleway {
  if (!/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)(:|\/|$))/.test(url)) {
    throw new Error(`SCW_API_URL ${url} must be an https URL; correct or unset it`);
  }
  return {
    get: async (path, query, body) => {
      const address = new URL(path, url);
      address.search = new URLSearchParams(query).toString();
      const parsed = body.safeParse(await send("GET", address, secretKey));
      if (parsed.success) return parsed.data;
      throw new ApiRefusal(`${path} answered something unexpected (${String(parsed.error.issues[0]?.path.join("."))})`);
    },
    patch: async (path, change) => {
      const body = JSON.stringify(change);
      const address = new URL(path, url);
      await send("PATCH", address, secretKey, body).catch((error: unknown) => {
        // A kept connection may have been closed meanwhile. The change may be sent twice.
        if (error instanceof ApiRefusal && error.status === undefined) return send("PATCH", address, secretKey, body);
        throw error;
      });
    },
  };
}

async function send(method: string, address: URL, secretKey: string, body?: string): Promise<unknown> {
  const request = {
    method,
    headers: { "X-Auth-Token": secretKey, ...(body !== undefined && { "Content-Type": "application/json" }) },
    ...(body !== undefined && { body }),
    redirect: "error",
    signal: AbortSignal.timeout(DEADLINE_MS),
  } as const;
  const response = await fetch(address, request).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new ApiRefusal(`${address.host} does not answer (${cause})`);
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new ApiRefusal(`${address.pathname} answered ${response.status}${reasonIn(text)}`, response.status);
}

function reasonIn(text: string): string {
  const parsed = errorBody.safeParse(parseJson(text));
  return parsed.success ? `: ${parsed.data.message}` : "";
}
