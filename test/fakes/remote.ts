// A simulator in a process of its own, seen from the process that started it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { SimulatorOptions } from "./flexible-ip-server.ts";

const listening = z.object({ url: z.string(), token: z.string(), zone: z.string() });

export type RemoteSimulator = z.infer<typeof listening> & {
  /** Asks the simulator itself, see control.ts: `control("PATCH", "", { api: "cut" })`. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts one behind the words of `prefix`, such as `ip netns exec NAME`; `socket` is where it is controlled. */
export async function startRemoteSimulator(
  options: SimulatorOptions & { socket: string },
  prefix: readonly string[] = [],
): Promise<RemoteSimulator> {
  const words = [...prefix, process.execPath, join(import.meta.dirname, "main.ts"), JSON.stringify(options)];
  const child = spawn(words[0] ?? "", words.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(([code]) => Promise.reject(new Error(`the simulator ended with ${code}`))),
  ]);
  return {
    ...listening.parse(JSON.parse(line)),
    control: (method, path, body) => ask(options.socket, method, path, body),
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

async function ask(socketPath: string, method: string, path: string, body: unknown): Promise<unknown> {
  const asked = request({ socketPath, method, path: `/_simulator${path}`, agent: false });
  asked.end(body === undefined ? "" : JSON.stringify(body));
  const [response] = await once(asked, "response");
  return JSON.parse(await text(response));
}
