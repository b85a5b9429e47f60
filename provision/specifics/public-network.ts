// The network whose ranges are flexible IPs. Each range is bought when it is added.
import * as z from "zod";
import { PUBLIC_NETWORK } from "../inventory.ts";
import { type Ssh, SshError, type SshTarget, shellQuoted } from "../remote/ssh.ts";

const ADDRESS_RANGE = 'AR = [ TYPE = "IP4", SIZE = "1", IPAM_MAD = "scw-flexip" ]\n';

// oned gives the driver 90 s for each range.
const ADD_MS = 120_000;

const range = z.looseObject({ IPAM_MAD: z.string().optional() });
// OpenNebula writes one element as an object, several as a list, and none as an empty text or object.
const network = z.object({
  VNET: z.object({ AR_POOL: z.object({ AR: z.union([z.array(range), range]).optional() }).or(z.string()) }),
});

/** How many ranges of the network are the driver's. */
export function countDriverRanges(json: string): number {
  const pool = network.parse(JSON.parse(json)).VNET.AR_POOL;
  const found = typeof pool === "string" ? undefined : pool.AR;
  const ranges = found === undefined ? [] : [found].flat();
  return ranges.filter(({ IPAM_MAD }) => IPAM_MAD === "scw-flexip").length;
}

/** Makes the network if it is missing, and adds ranges until there are `wanted`. Never removes a range. */
export async function fillPublicNetwork(
  ssh: Ssh,
  frontend: SshTarget,
  {
    template,
    wanted,
    say,
  }: { readonly template: string; readonly wanted: number; readonly say: (line: string) => void },
): Promise<number> {
  const networks = await ssh(frontend, asOneadmin("onevnet list --no-header --list NAME"));
  if (!networks.split("\n").some((name) => name.trim() === PUBLIC_NETWORK)) {
    say(`making the network ${PUBLIC_NETWORK}`);
    await ssh(frontend, asOneadmin(withFile("onevnet create")), { stdin: template });
  }
  const present = countDriverRanges(await ssh(frontend, asOneadmin(`onevnet show --json ${PUBLIC_NETWORK}`)));
  for (let number = present + 1; number <= wanted; number += 1) {
    say(`adding address ${number} of ${wanted} to the network ${PUBLIC_NETWORK}`);
    await addRange(ssh, frontend);
  }
  return Math.max(wanted - present, 0);
}

async function addRange(ssh: Ssh, frontend: SshTarget): Promise<void> {
  try {
    await ssh(frontend, asOneadmin(withFile(`onevnet addar ${PUBLIC_NETWORK}`)), {
      stdin: ADDRESS_RANGE,
      timeoutMs: ADD_MS,
    });
  } catch (cause) {
    if (!(cause instanceof SshError && /not available/.test(cause.message))) throw cause;
    const next = "run on the front-end: sudo systemctl restart opennebula; then here: make specifics";
    throw new Error(`${cause.message}: oned has not read its new configuration; ${next}`, { cause });
  }
}

/** OpenNebula's commands fail with 255, but from ssh that means that the host was not reached. So failures become 1. */
export function asOneadmin(command: string): string {
  return `sudo -H -u oneadmin sh -c ${shellQuoted(`{ ${command}; } || exit 1`)}`;
}

/** OpenNebula's commands read templates from files, and oneadmin may not open standard input by its path. */
function withFile(command: string): string {
  return `file=$(mktemp) && trap 'rm -f "$file"' EXIT && cat >"$file" && ${command} "$file"`;
}
