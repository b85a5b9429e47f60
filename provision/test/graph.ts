// Declares a cloud against strict mocks, and keeps what was asked of the engine.
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";
import { declareCloud } from "../cloud.ts";
import { checkSettings, type WrittenSettings } from "../settings.ts";

import { CATALOGUE, idOf, type Registration, type Request, World } from "./world.ts";

export const NOW = new Date("2026-11-20T00:00:00Z");
export const ORGANIZATION = "11111111-1111-4111-8111-111111111111";
export const PROJECT = "22222222-2222-4222-8222-222222222222";
export const EXPIRY = "2027-11-30T00:00:00Z";
export const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE operator";

/** The settings that have no default. */
export const NEEDED: WrittenSettings = {
  organizationId: ORGANIZATION,
  projectId: PROJECT,
  sshPublicKey: SSH_KEY,
  driverKeyExpiries: JSON.stringify([EXPIRY]),
};

export type Call = { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> };

export type Graph = {
  readonly registrations: readonly Registration[];
  readonly calls: readonly Call[];
  readonly outputs: ReturnType<typeof declareCloud>;
};

export type GraphOptions = {
  readonly preview?: boolean;
  readonly written?: WrittenSettings;
  readonly passwords?: { readonly one: string; readonly db: string };
  /** Answers of the catalogue that differ from the usual. */
  readonly answers?: Readonly<Record<string, string>>;
};

/** Runs the program as an update, or as a preview, in which nothing that Scaleway computes is known. */
export async function buildGraph(options: GraphOptions = {}): Promise<Graph> {
  const preview = options.preview ?? false;
  const requests: Request[] = [];
  const calls: Call[] = [];
  const world = new World(preview);
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => world.create(args.type, args.name, args.inputs),
      call: ({ token, inputs }) => {
        const known = CATALOGUE[token];
        if (known === undefined) throw new Error(`nobody expected a call of ${token}`);
        calls.push({ token, inputs });
        return { ...inputs, [known]: options.answers?.[token] ?? idOf(token, known) };
      },
    },
    "hosted-cloud",
    "test",
    preview,
  );
  recordRequests(requests);
  const passwords = options.passwords ?? { one: "one secret word", db: "db secret word" };
  const outputs = declareCloud(checkSettings({ ...NEEDED, ...options.written }, NOW), {
    one: pulumi.secret(passwords.one),
    db: pulumi.secret(passwords.db),
  });
  await pulumi.runtime.disconnect();
  return { registrations: requests.map((request) => world.registration(request)), calls, outputs };
}

/** The value of an output, and whether it is a secret. The value is undefined while it is not known, in a preview. */
export async function read<Value>(
  output: pulumi.Output<Value>,
): Promise<{ value: Value | undefined; secret: boolean }> {
  const value = new Promise<Value>((resolve) => {
    output.apply(resolve);
  });
  return {
    value: await Promise.race([value, sleep(200).then(() => undefined)]),
    secret: await pulumi.isSecret(output),
  };
}

/** Reads what the SDK sends to the engine, because options do not reach mocks. */
function recordRequests(requests: Request[]): void {
  const monitor = getMonitor();
  if (monitor === undefined) throw new Error("Pulumi has no monitor after setMocks");
  const register = monitor.registerResource.bind(monitor);
  const recording: typeof monitor.registerResource = (request: Parameters<typeof register>[0], ...rest: never[]) => {
    requests.push(request.toObject());
    return Reflect.apply(register, monitor, [request, ...rest]);
  };
  Reflect.set(monitor, "registerResource", recording);
}
