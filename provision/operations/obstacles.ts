// What must be gone before the servers may be deleted: virtual machines, and ranges, whose addresses would stay paid for.
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";
import { asOneadmin, countDriverRanges } from "../specifics/public-network.ts";

/** Sentences that say what is in the way; none when the cloud is empty. */
export async function findObstacles(ssh: Ssh, frontend: SshTarget): Promise<string[]> {
  if (!(await hasOpenNebula(ssh, frontend))) return [];
  const machines = await listed(ssh, frontend, "onevm list a --no-header --list NAME");
  const obstacles =
    machines.length === 0 ? [] : [`virtual machines exist (${machines.join(", ")}); end them: onevm terminate --hard`];
  for (const id of await listed(ssh, frontend, "onevnet list a --no-header --list ID")) {
    const count = countDriverRanges(await ssh(frontend, asOneadmin(`onevnet show --json ${shellQuoted(id)}`)));
    if (count > 0)
      obstacles.push(
        `network ${id} has ${count} flexible IPs of the driver; give them back: onevnet rmar ${id} <range>`,
      );
  }
  return obstacles;
}

async function hasOpenNebula(ssh: Ssh, frontend: SshTarget): Promise<boolean> {
  try {
    await ssh(frontend, "id oneadmin >/dev/null && command -v onevm >/dev/null");
    return true;
  } catch (error) {
    if (error instanceof SshError && !error.isConnection) return false;
    throw error;
  }
}

async function listed(ssh: Ssh, frontend: SshTarget, command: string): Promise<string[]> {
  const lines = await ssh(frontend, asOneadmin(command));
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
