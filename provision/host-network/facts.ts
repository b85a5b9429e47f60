// What `host-network.sh facts` prints → the facts. Pure.
import { isIPv4 } from "node:net";
import * as z from "zod";
import { zoneResolvers } from "../zone-defaults.ts";
import type { HostFacts } from "./netplan.ts";

const INTERFACE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;

const schema = z.object({
  nic: z.string().regex(INTERFACE_NAME),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
  address: z.string().refine((value) => /^[\d.]+\/\d{1,2}$/.test(value) && isIPv4(value.split("/")[0] ?? "")),
  gateway: z.ipv4(),
  resolvers: z
    .string()
    .transform((value) => value.split(" ").filter((word) => word !== ""))
    .pipe(z.array(z.ipv4())),
});

/** Reads lines `key=value`. A host without resolvers gets those of its zone. */
export function parseHostFacts(output: string, name: string, zone: string): HostFacts {
  const lines = output.split("\n").filter((line) => line !== "");
  const pairs = lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  const parsed = schema.safeParse(Object.fromEntries(pairs));
  if (!parsed.success) {
    const key = String(parsed.error.issues[0]?.path[0] ?? "");
    throw new Error(
      `${name}: the host's ${key} cannot be read from ${JSON.stringify(output)}; look at the host: make ssh HOST=${name}`,
    );
  }
  const { resolvers } = parsed.data;
  return { ...parsed.data, resolvers: resolvers.length > 0 ? resolvers : zoneResolvers(zone) };
}
