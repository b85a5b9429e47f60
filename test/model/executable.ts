// The built executable, started as OpenNebula starts it, against the api behind HTTP.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReconcileInput, reconcile } from "../cloud/reconcile.ts";
import type { Simulator } from "../fakes/flexible-ip-server.ts";
import { type Hook, type IpamAction, type Machine, Rig, type RunResult } from "../rig.ts";
import { TOKEN, ZONE } from "./account.ts";
import type { FaultyApi } from "./faulty-api.ts";
import { applyAll, type CloudName, type Machines, type Ran, type Reconciled } from "./machines.ts";
import type { Reply } from "./request-faults.ts";

export class Executable implements Machines {
  started = 0;
  readonly #rig: Rig;
  #child: ChildProcess | undefined;

  // Which front-end of each cloud leads.
  readonly #leader = { one: 0, two: 0 };

  private constructor(simulator: Simulator) {
    this.#rig = new Rig(simulator, mkdtempSync(join(tmpdir(), "scw-flexip-model-")));
  }

  /** For one history. */
  static async start(api: FaultyApi): Promise<Executable> {
    const found: { machines?: Executable } = {};
    const simulator = await serve(api, () => found.machines?.kill());
    found.machines = new Executable(simulator);
    return found.machines;
  }

  async stop(): Promise<void> {
    await this.#rig.stop();
  }

  serverId(host: string): string {
    return this.#rig.host(host).serverId;
  }

  failOver(cloud: CloudName): void {
    this.#leader[cloud] = 1 - this.#leader[cloud];
  }

  stateFiles(cloud: CloudName): string[] {
    const { stateFile } = this.#frontEnd(cloud);
    return [stateFile, `${stateFile}-1`];
  }

  ipam(cloud: CloudName, action: IpamAction, document: string): Promise<Ran> {
    return this.#run(cloud, this.#frontEnd(cloud), `ipam/scw-flexip/${action}`, document);
  }

  hook(cloud: CloudName, host: string, hook: Hook, document: string): Promise<Ran> {
    return this.#run(cloud, this.#rig.host(host), `vnm/bridge/${hook}.d/01-scw-flexip`, document);
  }

  /** There is no action for it: the same code in this process, over HTTP. */
  async reconcile(cloud: CloudName, input: ReconcileInput): Promise<Reconciled> {
    const { root } = this.#frontEnd(cloud);
    const environment = {
      SCW_FLEXIP_CONF: join(root, "etc/ipam/scw-flexip/scw-flexip.conf"),
      SCW_FLEXIP_CLOUD: cloud,
      SCW_FLEXIP_STATE_FILE: this.#stateFile(cloud),
      SCW_FLEXIP_LOG_LEVEL: "error",
    };
    const caller = { action: "reconcile", version: "0.0.0", environment, executable: process.execPath };
    return reconcile(caller, input, applyAll);
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  #stateFile(cloud: CloudName): string {
    return this.stateFiles(cloud)[this.#leader[cloud]] ?? "";
  }

  #frontEnd(cloud: CloudName): Machine {
    return cloud === "one" ? this.#rig.frontEnd : this.#rig.host("front");
  }

  async #run(cloud: CloudName, machine: Machine, file: string, document: string): Promise<Ran> {
    this.started += 1;
    const result: RunResult = await this.#rig.run(machine, file, ["7"], document, {
      settings: {
        CLOUD: cloud,
        STATE_FILE: this.#stateFile(cloud),
        TIMEOUT: "20",
        HOOK_TIMEOUT: "20",
        LOG_LEVEL: "warn",
      },
      started: (child) => {
        this.#child = child;
      },
    });
    return { code: result.code, stdout: result.stdout, stderr: result.stderr };
  }
}

/** The api behind HTTP, in the shape of the simulator that the rig takes. */
async function serve(api: FaultyApi, kill: () => void): Promise<Simulator> {
  const server = createServer((request, response) => void receive(api, request, response, kill));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the api has no port");
  const none = (): never => {
    throw new Error("the requests' faults are made elsewhere");
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    token: TOKEN,
    zone: ZONE,
    account: api.account,
    requests: [],
    clearRequests: none,
    calls: none,
    fault: none,
    clearFaults: none,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function receive(
  api: FaultyApi,
  request: IncomingMessage,
  response: ServerResponse,
  kill: () => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const reply: Reply = api.receive({
    method: request.method ?? "",
    target: request.url ?? "",
    token: String(request.headers["x-auth-token"]),
    body: Buffer.concat(chunks).toString("utf8"),
  });
  if (reply.kind === "kill") kill();
  else if (reply.kind === "reset") response.destroy();
  else if (reply.kind === "answer") {
    response.writeHead(reply.status, { ...reply.headers, "content-length": Buffer.byteLength(reply.text) });
    response.end(reply.text);
  }
}
