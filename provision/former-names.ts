// Names that resources had in 0.1.0. The aliases keep Pulumi from replacing a server because its name changed.
import * as pulumi from "@pulumi/pulumi";

/** The worker's name in 0.1.0: `worker-01` for `host01`. */
export function formerMachine(name: string): string {
  return name.replace(/^host(?=\d\d$)/, "worker-");
}

/** The alias of a resource that was called `name`. `types` ends with its type; its component's type, if any, comes first. */
export function formerly(name: string, ...types: readonly string[]): { aliases: string[] } {
  return { aliases: [`urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types.join("$")}::${name}`] };
}
