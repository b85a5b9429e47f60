// The host network of one server as a resource: host-network/apply.ts, run again only when something it does has changed.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HostLayout } from "./netplan.ts";

export type { HostLayout } from "./netplan.ts";

type HostNetworkArgs = {
  readonly target: {
    readonly name: string;
    readonly host: pulumi.Input<string>;
    readonly user: string;
    readonly zone: string;
  };
  readonly layout: pulumi.Input<HostLayout>;
  readonly serverId: pulumi.Input<string>;
};

// A newly ordered server may take most of an hour until it answers.
const TIMEOUT = "90m";

/** Gives the server its network layout over SSH; the old one comes back unless the server answers under the new one. */
export function applyHostNetwork(
  name: string,
  { target, layout, serverId }: HostNetworkArgs,
  options: pulumi.CustomResourceOptions,
): command.local.Command {
  return new command.local.Command(
    `${name}-network`,
    {
      create: "node host-network/apply.ts",
      stdin: pulumi.jsonStringify({ ...target, layout }),
      triggers: [serverId, sourceHash()],
      addPreviousOutputInEnv: false,
    },
    { ...options, customTimeouts: { create: TIMEOUT, update: TIMEOUT } },
  );
}

/** Changes when what is sent to the host would. */
function sourceHash(): string {
  const hash = createHash("sha256");
  for (const file of ["host-network.sh", "netplan.ts"]) {
    hash.update(readFileSync(new URL(file, import.meta.url)));
  }
  return hash.digest("hex");
}
