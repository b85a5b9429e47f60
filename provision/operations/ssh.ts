// make ssh: the stack's outputs on standard input, a host's name as argument → the ssh command, for make to run.
import { shellQuoted, sshOptions } from "../remote/ssh.ts";
import { hostNamed } from "./each-host.ts";
import { runOperation, sshSettings } from "./operation.ts";
import { hostsOutputs, readOutputs } from "./outputs.ts";

await runOperation(async () => {
  const { sshUser, hosts } = await readOutputs(hostsOutputs);
  const host = hostNamed(hosts, process.argv[2], "ssh");
  const words = ["ssh", ...sshOptions(sshSettings()), `${sshUser}@${host.publicIp}`];
  process.stdout.write(`${words.map(shellQuoted).join(" ")}\n`);
});
