// Before make deployment: refuses what one-deploy would only half do on a front-end that has OpenNebula already.
import { parse } from "yaml";
import * as z from "zod";
import { type Ssh, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import { asOneadmin } from "../specifics/public-network.ts";
import { operatorSsh, runOperation } from "./operation.ts";
import { frontendOf, hostsOutputs, inventoryOutputs, readOutputs } from "./outputs.ts";

const variables = z.object({ all: z.object({ vars: z.object({ one_version: z.string(), one_pass: z.string() }) }) });

await runOperation(async () => {
  const { sshUser, hosts, inventory } = await readOutputs(hostsOutputs.extend(inventoryOutputs.shape));
  const { one_version: version, one_pass: password } = variables.parse(parse(inventory, { logLevel: "silent" })).all
    .vars;
  const frontend = frontendOf(sshUser, hosts);
  const ssh = operatorSsh();
  const installed = await installedVersion(ssh, frontend);
  if (installed === "") return;
  if (minor(installed) !== minor(version)) {
    throw new Error(
      `OpenNebula ${installed} is installed, but oneVersion is ${version}: one-deploy would upgrade nothing and install ` +
        "the other version on new hosts; upgrade as docs/runbooks/upgrade-opennebula.md says, or set oneVersion back",
    );
  }
  if (!(await takesPassword(ssh, frontend, password))) {
    throw new Error(
      "onePassword is not oneadmin's password: one-deploy would write it to files, but OpenNebula would keep the old one; " +
        "run on the front-end first: sudo -u oneadmin oneuser passwd 0 <the new one>",
    );
  }
});

function installedVersion(ssh: Ssh, frontend: SshTarget): Promise<string> {
  return ssh(frontend, `dpkg-query -W -f '\${Version}' opennebula 2>/dev/null || true`);
}

/** Whether OpenNebula takes the password. If OpenNebula does not run, or refuses its own oneadmin, the answer is yes. */
async function takesPassword(ssh: Ssh, frontend: SshTarget, password: string): Promise<boolean> {
  const tried = `file=$(mktemp) && trap 'rm -f "$file"' EXIT && cat >"$file" && ONE_AUTH=$file oneuser show >/dev/null`;
  const script = `oneuser show >/dev/null 2>&1 || exit 0; sh -c ${shellQuoted(tried)} 2>/dev/null || echo refused`;
  return !(await ssh(frontend, asOneadmin(script), { stdin: `oneadmin:${password}\n` })).includes("refused");
}

function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
