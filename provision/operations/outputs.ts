// Outputs of the stack as the operations need them, from `pulumi stack output --json` on standard input.
import { text } from "node:stream/consumers";
import * as z from "zod";
import { parseJson } from "../json.ts";
import type { SshTarget } from "../remote/ssh.ts";

const vlan = z.object({ vlan: z.int().min(1).max(4_094), address: z.cidrv4() });
const machine = z.object({ name: z.string(), publicIp: z.ipv4(), privateIp: z.ipv4(), serverId: z.string() });
const host = machine.extend({ layout: z.object({ hosttohost: vlan, vmtovm: vlan }) });

/** The servers, the front-end first. */
export const hostsOutputs = z.object({ sshUser: z.string(), zone: z.string(), hosts: z.array(host).min(1) });

/** The files for Ansible. */
export const inventoryOutputs = z.object({ inventory: z.string(), validation: z.string() });

/** What make specifics installs. */
export const specificsOutputs = hostsOutputs.extend({
  hosts: z.array(machine).min(1),
  driver: z.object({
    config: z.string(),
    frontendToken: z.string().min(1),
    hostsToken: z.string().min(1),
    publicAddressCount: z.int().min(0),
    publicNetwork: z.string(),
  }),
});

/** Whether the cloud is monitored. */
export const monitoringOutputs = hostsOutputs.extend({ hosts: z.array(machine).min(1), monitoring: z.boolean() });

const hardening = z.object({
  packages: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), content: z.string(), check: z.string(), reload: z.string() })),
  firewall: z.string(),
});

/** What make hardening gives to the hosts. */
export const hardeningOutputs = hostsOutputs.extend({
  hosts: z.array(machine).min(1),
  hardening: z.object({ frontend: hardening, worker: hardening }),
});

/** Where backups go. */
export const backupOutputs = hostsOutputs.extend({
  hosts: z.array(machine).min(1),
  backup: z
    .object({
      url: z.url(),
      region: z.string(),
      projectId: z.string(),
      recipient: z.string(),
      accessKey: z.string().min(1),
      secretKey: z.string().min(1),
    })
    .nullish(),
});

export type SpecificsPlan = z.output<typeof specificsOutputs>;

/** Where commands on the front-end go. */
export function frontendOf(user: string, [frontend]: readonly z.output<typeof machine>[]): SshTarget {
  if (frontend === undefined) throw new Error("the stack has no front-end; run: make up");
  return { name: frontend.name, host: frontend.publicIp, user };
}

/** Reads outputs from standard input. An error never repeats what it read. */
export async function readOutputs<Shape>(schema: z.ZodType<Shape>): Promise<Shape> {
  return parseOutputs(await text(process.stdin), schema);
}

export function parseOutputs<Shape>(printed: string, schema: z.ZodType<Shape>): Shape {
  const parsed = schema.safeParse(parseJson(printed));
  if (parsed.success) return parsed.data;
  const keys = [...new Set(parsed.error.issues.map(({ path }) => path.join(".") || "everything"))];
  throw new Error(`the stack's outputs lack ${keys.join(", ")}; run: make up`);
}
