// Scaleway's API as the preflight asks it: reads only. Errors hold the status and the API's own words, never the key.
import * as z from "zod";

export type Scaleway = {
  /** Reads one document. Throws ApiRefusal. */
  readonly get: <Body>(path: string, query: Readonly<Record<string, string>>, body: z.ZodType<Body>) => Promise<Body>;
};

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

/** The API at `url`, with a secret key, which travels encrypted or stays on this machine. */
export function openScaleway(url: string, secretKey: string): Scaleway {
  if (!/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)(:|\/|$))/.test(url)) {
    throw new Error(`SCW_API_URL ${url} has to be an https URL; correct or unset it`);
  }
  return {
    get: async (path, query, body) => {
      const address = new URL(path, url);
      address.search = new URLSearchParams(query).toString();
      const parsed = body.safeParse(await read(address, secretKey));
      if (parsed.success) return parsed.data;
      throw new ApiRefusal(`${path} answered something unexpected (${String(parsed.error.issues[0]?.path.join("."))})`);
    },
  };
}

async function read(address: URL, secretKey: string): Promise<unknown> {
  const request = {
    headers: { "X-Auth-Token": secretKey },
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
  try {
    const parsed = errorBody.safeParse(JSON.parse(text));
    return parsed.success ? `: ${parsed.data.message}` : "";
  } catch {
    return "";
  }
}
