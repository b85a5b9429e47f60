// make ssh: the stack's outputs on standard input, a host's name as argument → the ssh command, for make to run.
import { shellQuoted, sshOptions } from "../remote/ssh.ts";
import { runOperation, sshSettings } from "./operation.ts";
import { hostsOutputs, readOutputs } from "./outputs.ts";

await runOperation(async () => {
  const name = process.argv[2];
  const { sshUser, hosts } = await readOutputs(hostsOutputs);
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    const names = hosts.map((known) => known.name).join(", ");
    throw new Error(`no host ${name}; the hosts are ${names}: make ssh HOST=<name>`);
  }
  const words = ["ssh", ...sshOptions(sshSettings()), `${sshUser}@${host.publicIp}`];
  process.stdout.write(`${words.map(shellQuoted).join(" ")}\n`);
});
