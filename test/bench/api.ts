// The simulated API as a process of its own, because its work must not count as the work of the bench.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { startSimulator } from "../fakes/flexible-ip-server.ts";
import { PROJECT } from "../rig.ts";

export type ApiOptions = {
  /** Flexible IPs in the project, beside the two that the programs ask for. */
  readonly others: number;
  readonly latencyMs: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  /** It takes connections and never answers. */
  readonly isSilent?: boolean;
};
export type Api = { readonly url: string; readonly token: string; readonly zone: string; stop(): void };

export const SERVER = "33333333-3333-4333-8333-000000000001";
export const FREE = { id: "f1e81b1e-0000-4000-8000-000000000011", ip: "203.0.113.11", mac: "52:54:00:00:01:11" };
export const ATTACHED = { id: "f1e81b1e-0000-4000-8000-000000000012", ip: "203.0.113.12", mac: "52:54:00:00:01:12" };

/** Starts the API in a child process and waits until it answers. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("the API has no standard output");
  const [line] = await once(createInterface(child.stdout), "line");
  return { ...JSON.parse(line), stop: () => void child.kill() };
}

async function serve({ others, latencyMs, tls, isSilent = false }: ApiOptions): Promise<void> {
  const api = isSilent ? "silent" : "up";
  const simulator = await startSimulator({ latencyMs, api, ...(tls === undefined ? {} : { tls }) });
  const tags = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
  simulator.account.add({ ...FREE, projectId: PROJECT, tags });
  simulator.account.add({ ...ATTACHED, projectId: PROJECT, tags, serverId: SERVER });
  for (let count = 0; count < others; count += 1) simulator.account.add({ projectId: PROJECT, tags });
  // What arrived is kept for tests; thousands of requests would be measured too.
  setInterval(() => simulator.clearRequests(), 1_000).unref();
  process.stdin.resume().once("end", () => process.exit());
  const { url, token, zone } = simulator;
  process.stdout.write(`${JSON.stringify({ url, token, zone })}\n`);
}

if (process.argv[1] === import.meta.filename) await serve(JSON.parse(process.argv[2] ?? "{}"));
