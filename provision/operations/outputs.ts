// Outputs of the stack as the operations need them, from `pulumi stack output --json` on standard input.
import * as z from "zod";

const host = z.object({ name: z.string(), publicIp: z.ipv4(), privateIp: z.ipv4(), serverId: z.string() });
const hostsSchema = z.object({ sshUser: z.string(), hosts: z.array(host) });
const inventorySchema = z.object({ inventory: z.string(), validation: z.string() });

export type Hosts = z.output<typeof hostsSchema>;

/** The servers; none while the stack is not up. Throws when the outputs name servers that cannot be read. */
export function parseHosts(text: string): Hosts {
  const outputs = parseJson(text);
  const parsed = hostsSchema.safeParse(outputs);
  if (parsed.success) return parsed.data;
  if (z.strictObject({}).safeParse(outputs).success) return { sshUser: "", hosts: [] };
  throw new Error("the stack's outputs do not say which servers there are; run: make up");
}

/** The files for Ansible. Throws without repeating what it read. */
export function parseInventory(text: string): z.output<typeof inventorySchema> {
  const parsed = inventorySchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error("the stack has no inventory yet; run: make up");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
