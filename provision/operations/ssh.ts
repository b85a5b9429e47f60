// make ssh: the stack's outputs on standard input, a host's name as argument → the ssh command, for make to run.
import { text } from "node:stream/consumers";
import { shellQuoted } from "../remote/ssh.ts";
import { cloudFolder, runOperation } from "./operation.ts";
import { parseHosts } from "./outputs.ts";

await runOperation(async () => {
  const name = process.argv[2] ?? "fe";
  const { sshUser, hosts } = parseHosts(await text(process.stdin));
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    const names = hosts.map((known) => known.name).join(", ");
    throw new Error(
      `no host ${name}; ${names === "" ? "run: make up" : `the hosts are ${names}: make ssh HOST=<name>`}`,
    );
  }
  const config = process.env.SSH_CONFIG;
  const words = [
    "ssh",
    ...(config === undefined ? [] : ["-F", config]),
    ...["-o", `UserKnownHostsFile=${cloudFolder()}/known_hosts`, "-o", "StrictHostKeyChecking=accept-new"],
    `${sshUser}@${host.publicIp}`,
  ];
  process.stdout.write(`${words.map(shellQuoted).join(" ")}\n`);
});
