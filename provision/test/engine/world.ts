// One play's world: Scaleway on loopback, its object storage behind a proxy, and an operator with settings.
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { newOperator, type Operator, withoutEngine } from "./operator.ts";
import { ObjectStorage } from "./stand-in/object-storage.ts";
import { type Document, textOf } from "./stand-in/record.ts";
import { type Scaleway, startScaleway } from "./stand-in/scaleway.ts";
import { startTunnel, type Tunnel } from "./stand-in/tunnel.ts";

export const ORGANIZATION = "11111111-1111-4111-8111-111111111111";
export const FIRST_EXPIRY = "2037-11-30T00:00:00Z";
const ACCESS_KEY = "SCWEXAMPLEEXAMPLE000";
const PREFERRED_PROJECT = "33333333-3333-4333-8333-333333333333";

export type World = {
  readonly scaleway: Scaleway;
  readonly storage: ObjectStorage;
  readonly tunnel: Tunnel;
  readonly operator: Operator;
  readonly projectId: string;
  readonly end: () => Promise<void>;
};

/** Starts everything. The project of the cloud exists; nothing else does. */
export async function startWorld(projectId: string = randomUUID()): Promise<World> {
  const secretKey = randomUUID();
  const scaleway = await startScaleway(secretKey);
  const storage = new ObjectStorage(ACCESS_KEY, PREFERRED_PROJECT);
  const tunnel = await startTunnel(storage, "fr-par");
  const owner = { description: "", organization_id: ORGANIZATION, qualification: null };
  scaleway.store.add("projects", { id: PREFERRED_PROJECT, name: "default", ...owner });
  scaleway.store.add("projects", { id: projectId, name: "opennebula", ...owner });
  // The operator's own key can be read, as any key.
  scaleway.store.add("api-keys", { access_key: ACCESS_KEY, expires_at: null, default_project_id: PREFERRED_PROJECT });
  const operator = newOperator({
    SCW_ACCESS_KEY: ACCESS_KEY,
    SCW_SECRET_KEY: secretKey,
    SCW_API_URL: scaleway.url,
    HTTPS_PROXY: tunnel.url,
    SSL_CERT_FILE: tunnel.certificateFile,
  });
  const end = async () => {
    operator.leave();
    await tunnel.close();
    await scaleway.close();
  };
  return { scaleway, storage, tunnel, operator, projectId, end };
}

/** One play: a world with a configured stack, and its end. Skipped if the engine is not there. */
export function play(name: string, work: (world: World) => Promise<void>): void {
  test(name, { skip: withoutEngine() }, async () => {
    const world = await startWorld();
    try {
      await configure(world);
      await work(world);
    } finally {
      await world.end();
    }
  });
}

/** Names the workers; none is no worker. */
export async function setWorkers({ operator }: World, names: readonly string[]): Promise<void> {
  await operator.run("pulumi", ["config", "set", "workers", JSON.stringify(names)]);
}

/** Makes a stack with the settings that have no default, as docs/deploy.md tells. */
export async function configure({ operator, projectId }: World): Promise<void> {
  await operator.run("pulumi", ["stack", "init", "play"]);
  const set = (...args: readonly string[]) => operator.run("pulumi", ["config", "set", ...args]);
  await set("scaleway:organizationId", ORGANIZATION);
  await set("projectId", projectId);
  await set("sshPublicKey", sshKey(1));
  await set("--path", "driverKeyExpiries[0]", FIRST_EXPIRY);
  await set("--secret", "onePassword", "one-invented-password");
  await set("--secret", "dbPassword", "db-invented-password");
}

/** Names of the servers that Scaleway has, sorted. */
export function serverNames({ scaleway }: World): string[] {
  return scaleway.store
    .list("servers")
    .map((server) => textOf(server, "name"))
    .sort();
}

/** Ids by name, to see whether a server stayed the same. */
export function serverIds({ scaleway }: World): Record<string, string> {
  return Object.fromEntries(
    scaleway.store.list("servers").map((server) => [textOf(server, "name"), textOf(server, "id")]),
  );
}

/** Calls after the mark that are not reads. */
export function changesSince({ scaleway }: World, mark: number): string[] {
  return scaleway.calls.slice(mark).filter((call) => !call.startsWith("GET "));
}

/** The server of that name. Throws where there is none. */
export function serverNamed({ scaleway }: World, name: string): Document {
  const server = scaleway.store.list("servers", { name })[0];
  if (server !== undefined) return server;
  throw new Error(`Scaleway has no server ${name}`);
}

/** A well-formed public key that nobody has: 32 times the same byte. */
export function sshKey(byte: number): string {
  const sized = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const key = Buffer.concat([sized(Buffer.from("ssh-ed25519")), sized(Buffer.alloc(32, byte))]);
  return `ssh-ed25519 ${key.toString("base64")} operator`;
}
