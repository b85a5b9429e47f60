// The simulated API as a process of its own, because its work must not count as the work of the bench.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startSimulator } from "../fakes/flexible-ip-server.ts";
import { furnish, PROJECT } from "../rig.ts";

type Options = {
  /** Flexible IPs in the project, beside the two that the programs ask for. */
  readonly others?: number;
  readonly latencyMs?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `silent`: it takes connections and never answers. */
  readonly api?: "up" | "silent";
};

const SERVER = "33333333-3333-4333-8333-000000000001";
export const FREE = { id: "f1e81b1e-0000-4000-8000-000000000011", ip: "203.0.113.11", mac: "52:54:00:00:01:11" };
export const ATTACHED = { id: "f1e81b1e-0000-4000-8000-000000000012", ip: "203.0.113.12", mac: "52:54:00:00:01:12" };

/** Starts the API in a child process that ends with this one, and returns a settings file for it in the folder. */
export async function settingsForApi(folder: string, name: string, options: Options = {}): Promise<string> {
  const [api] = await once(fork(import.meta.filename, [JSON.stringify(options)]), "message");
  const { root } = furnish(api, folder, name, SERVER);
  return join(root, "etc/ipam/scw-flexip/scw-flexip.conf");
}

async function serve({ others = 8, ...options }: Options): Promise<void> {
  const { account, clearRequests, url, token, zone } = await startSimulator(options);
  const tags = ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"];
  account.add({ ...FREE, projectId: PROJECT, tags });
  account.add({ ...ATTACHED, projectId: PROJECT, tags, serverId: SERVER });
  for (let count = 0; count < others; count += 1) account.add({ projectId: PROJECT, tags });
  // What arrived is kept for tests; thousands of requests would be measured too.
  setInterval(clearRequests, 1_000).unref();
  process.once("disconnect", () => process.exit());
  process.send?.({ url, token, zone });
}

if (process.argv[1] === import.meta.filename) await serve(JSON.parse(process.argv[2] ?? "{}"));
