// The stack as Pulumi keeps it: what exists, even after half an order, and what was being ordered.
import { spawn, spawnSync } from "node:child_process";
import * as z from "zod";
import { parseJson } from "../json.ts";

const resource = z.object({
  urn: z.string(),
  id: z.string().default(""),
  custom: z.boolean().default(false),
  protect: z.boolean().default(false),
  outputs: z.looseObject({ ipv4s: z.array(z.object({ address: z.string() })).nullish() }).nullish(),
});
const schema = z.object({
  deployment: z.object({
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.object({ type: z.string(), resource })).nullish(),
  }),
});

export type Resource = z.output<typeof resource>;
export type Stack = {
  /** What exists at Scaleway. */
  readonly resources: readonly Resource[];
  /** What was being ordered when Pulumi was cut off. It may exist and be paid for, although it is not in the state. */
  readonly interrupted: readonly string[];
};

/** Reads `pulumi stack export`. An error never repeats what it read. */
export function parseStack(exported: string): Stack {
  const parsed = schema.safeParse(parseJson(exported));
  if (!parsed.success) throw new Error("the state of the stack cannot be read; run: pulumi stack export");
  const { resources, pending_operations: pending } = parsed.data.deployment;
  const isBought = ({ urn, custom }: Resource) => custom && !typeOf(urn).startsWith("pulumi:");
  return {
    resources: (resources ?? []).filter(isBought),
    interrupted: (pending ?? []).filter(({ type }) => type === "creating").map(({ resource: { urn } }) => nameOf(urn)),
  };
}

/** The servers among the resources. */
export function serversOf({ resources }: Stack): Resource[] {
  return resources.filter(({ urn }) => typeOf(urn) === "scaleway:elasticmetal/server:Server");
}

/** `host01` of the URN of that server. */
export function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

/** Runs the Pulumi that make uses and returns what it printed. */
export function pulumi(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program(), args, { encoding: "utf8", maxBuffer: 256 * 2 ** 20 });
  if (status === 0) return stdout;
  const reason = error?.message ?? (stderr.trim().split("\n").at(-1) || `exit code ${status}`);
  throw new Error(`pulumi ${args.join(" ")}: ${reason}`);
}

/** Runs Pulumi in the operator's terminal. Returns whether it succeeded. */
export function pulumiHere(...args: readonly string[]): Promise<boolean> {
  const child = spawn(program(), args, { stdio: "inherit" });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (status) => resolve(status === 0)));
}

function program(): string {
  return process.env.PULUMI || "pulumi";
}

function typeOf(urn: string): string {
  return urn.split("::").at(2)?.split("$").at(-1) ?? "";
}
