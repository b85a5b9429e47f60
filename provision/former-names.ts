// Where the program of 0.1.0 kept its resources: an alias keeps a server from being replaced for the sake of its name.
import * as pulumi from "@pulumi/pulumi";

/** What a worker's resources were named after: `worker-01` for `host01`. */
export function formerMachine(name: string): string {
  return name.replace(/^host(?=\d\d$)/, "worker-");
}

/** The alias of a resource that was called `name`; `types` holds its type, behind that of its component if it has one. */
export function formerly(name: string, ...types: readonly string[]): { aliases: string[] } {
  return { aliases: [`urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types.join("$")}::${name}`] };
}
