// What make specifics installs, read from the outputs of the stack.
import * as z from "zod";

const schema = z.object({
  sshUser: z.string(),
  hosts: z.array(z.object({ name: z.string(), publicIp: z.ipv4(), privateIp: z.ipv4(), serverId: z.string() })).min(1),
  driver: z.object({
    config: z.string(),
    frontendToken: z.string().min(1),
    hostsToken: z.string().min(1),
    publicAddressCount: z.int().min(0),
    publicNetwork: z.string(),
  }),
});

/** The front-end first in `hosts`. */
export type SpecificsPlan = z.output<typeof schema>;

/** Reads `pulumi stack output --json --show-secrets`. An error never repeats what it read. */
export function parsePlan(text: string): SpecificsPlan {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const keys = [...new Set(parsed.error.issues.map(({ path }) => path.join(".") || "everything"))];
  throw new Error(`the stack's outputs lack ${keys.join(", ")}; run: make up`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
