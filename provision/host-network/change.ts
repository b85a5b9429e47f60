// Changes the network layout of one host over SSH: look, render, check, apply, confirm over a new connection.
import { setTimeout as sleep } from "node:timers/promises";
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import { parseHostFacts } from "./facts.ts";
import { type HostFacts, type HostLayout, renderNetplan } from "./netplan.ts";

export type HostNetworkRequest = SshTarget & { readonly zone: string; readonly layout: HostLayout };

export type HostNetworkPorts = {
  readonly ssh: Ssh;
  /** The program that runs on the host. */
  readonly script: string;
  readonly say: (line: string) => void;
  /** How long a new server may take to answer. */
  readonly reachableWithinMs: number;
  /** How long the host waits for the confirmation. */
  readonly restoreAfterMs: number;
};

const PROGRAM = "/usr/local/sbin/hosted-cloud-network";

/** Gives the host its layout. Nothing happens when it has it. Throws when the old layout stays or comes back. */
export async function changeHostNetwork(request: HostNetworkRequest, ports: HostNetworkPorts): Promise<void> {
  const { say, ssh } = ports;
  say("waiting for SSH");
  await untilReachable(request, ports);
  await ssh(request, `sudo install -m 0755 /dev/stdin ${PROGRAM}`, { stdin: ports.script });
  say("reading the present network");
  const present = await ssh(request, `sudo ${PROGRAM} facts`, { timeoutMs: 600_000 });
  const facts = parseHostFacts(present, request.name, request.zone);
  say(`checking the new layout: ${facts.address} on br0 over ${facts.nic}`);
  const staged = await ssh(request, `sudo ${PROGRAM} stage`, { stdin: renderNetplan(facts, request.layout) });
  if (staged.trim() === "unchanged") return say("the layout is in place already");
  say(`applying it; the old layout comes back in ${ports.restoreAfterMs / 1_000} s unless confirmed`);
  await ssh(request, `sudo ${PROGRAM} apply ${ports.restoreAfterMs / 1_000}`);
  await confirm(request, facts, ports);
  say("the new layout works and stays");
}

async function untilReachable(request: HostNetworkRequest, { ssh, say, reachableWithinMs }: HostNetworkPorts) {
  const deadline = Date.now() + reachableWithinMs;
  for (let attempt = 1; ; attempt += 1) {
    const failure = await failureOf(ssh(request, "true", { timeoutMs: 30_000 }));
    if (failure === undefined) return;
    if (failure.isRefusal || !failure.isConnection) throw failure;
    if (Date.now() > deadline)
      throw new Error(`${failure.message}; look at the server in Scaleway's console, then run: make up`);
    if (attempt % 6 === 0) say(`still waiting: ${failure.message}`);
    await sleep(Math.min(5_000, reachableWithinMs));
  }
}

/** Every try is a new connection, which is what shows that the host can be reached under the new layout. */
async function confirm(request: HostNetworkRequest, facts: HostFacts, { ssh, say, restoreAfterMs }: HostNetworkPorts) {
  const { hosttohost, vmtovm } = request.layout;
  const expected = [facts.address, facts.gateway, hosttohost.address, vmtovm.address].map(shellQuoted).join(" ");
  const deadline = Date.now() + restoreAfterMs;
  for (;;) {
    await sleep(1_000);
    const failure = await failureOf(ssh(request, `sudo ${PROGRAM} confirm ${expected}`, { timeoutMs: 60_000 }));
    if (failure === undefined) return;
    if (!failure.isConnection) throw failure;
    if (Date.now() > deadline) {
      throw new Error(
        `${failure.message}; ${request.name} did not answer under the new layout, the old one comes back by itself`,
      );
    }
    say(`not reachable yet: ${failure.message}`);
  }
}

async function failureOf(call: Promise<unknown>): Promise<SshError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof SshError) return error;
    throw error;
  }
}
