// Changes the network layout of one host over SSH: look, render, check, apply, confirm over a new connection.
import { createHash } from "node:crypto";
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
  /** How long a server that answers may refuse the key: cloud-init writes it in the first minutes. */
  readonly deniedForMs: number;
  /** How long the host waits for the confirmation. */
  readonly restoreAfterMs: number;
};

const PROGRAM = "/usr/local/sbin/hosted-cloud-network";

/** In which ways the host's network differs from its layout. Changes nothing there. */
export async function lookAtHostNetwork(request: HostNetworkRequest, ports: HostNetworkPorts): Promise<string[]> {
  return (await lookAt(request, ports)).differences;
}

/** Gives the host its layout. Nothing happens when it has it. Throws when the old layout stays or comes back. */
export async function changeHostNetwork(request: HostNetworkRequest, ports: HostNetworkPorts): Promise<void> {
  const { say, ssh } = ports;
  say("waiting for SSH");
  await untilReachable(request, ports);
  say("reading the present network");
  const { facts, netplan, expected, differences } = await lookAt(request, ports);
  if (differences.length === 0) return say("the layout is in place already");
  await ssh(request, `sudo install -m 0755 /dev/stdin ${PROGRAM}`, { stdin: ports.script });
  say(`checking the new layout: ${facts.address} on br0 over ${facts.nic}`);
  await ssh(request, `sudo ${PROGRAM} stage`, { stdin: netplan });
  say(`applying it; the old layout comes back in ${ports.restoreAfterMs / 1_000} s unless confirmed`);
  await ssh(request, `sudo ${PROGRAM} apply ${ports.restoreAfterMs / 1_000}`);
  await confirm(request, expected, ports);
  say("the new layout works and stays");
}

async function lookAt(request: HostNetworkRequest, { ssh, script }: HostNetworkPorts) {
  // The script goes by standard input, so a look leaves nothing on the host.
  const run = (words: string) => ssh(request, `sudo sh -s -- ${words}`, { stdin: script, timeoutMs: 600_000 });
  const facts = parseHostFacts(await run("facts"), request.name, request.zone);
  const netplan = renderNetplan(facts, request.layout);
  const expected = addressesOf(facts, request.layout);
  const checksum = createHash("sha256").update(netplan).digest("hex");
  const differences = (await run(`look ${checksum} ${expected}`)).split("\n").filter((line) => line !== "");
  return { facts, netplan, expected, differences };
}

function addressesOf({ address, gateway }: HostFacts, { hosttohost, vmtovm }: HostLayout): string {
  return [address, gateway, hosttohost.address, vmtovm.address].map(shellQuoted).join(" ");
}

async function untilReachable(request: HostNetworkRequest, ports: HostNetworkPorts): Promise<void> {
  const deadline = Date.now() + ports.reachableWithinMs;
  let deniedUntil: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const failure = await failureOf(ports.ssh(request, "true", { timeoutMs: 30_000 }));
    if (failure === undefined) return;
    if (failure.isRefusal || !failure.isConnection) throw failure;
    deniedUntil = failure.isDenied ? (deniedUntil ?? Date.now() + ports.deniedForMs) : undefined;
    if (Date.now() >= (deniedUntil ?? Number.POSITIVE_INFINITY)) {
      throw new Error(`${failure.message}; add the key of sshPublicKey to the agent (ssh-add), or correct sshUser`);
    }
    if (Date.now() > deadline)
      throw new Error(`${failure.message}; look at the server in Scaleway's console; it can be installed again there`);
    if (attempt % 6 === 0) ports.say(`still waiting: ${failure.message}`);
    await sleep(Math.min(5_000, ports.reachableWithinMs, ports.deniedForMs));
  }
}

/** Every try is a new connection, because only that shows that the host can be reached under the new layout. */
async function confirm(request: HostNetworkRequest, expected: string, { ssh, say, restoreAfterMs }: HostNetworkPorts) {
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
