// Targets that go from host to host: workers first, because what goes wrong must show there. [--look] [HOST]
import { say } from "./operation.ts";

type Named = { readonly name: string };
type Say = (line: string) => void;

export type HostWork<Host> = {
  /** The make target, which is also what it changes on a host. */
  readonly target: string;
  readonly change: (host: Host, say: Say) => Promise<void>;
  /** In which ways the host differs. Changes nothing there. */
  readonly look: (host: Host, say: Say) => Promise<readonly string[]>;
};

/** Does the work on each host that the arguments ask for, or only looks. `hosts` has the front-end first. */
export async function onEachHost<Host extends Named>(hosts: readonly Host[], work: HostWork<Host>): Promise<void> {
  const isLook = process.argv[2] === "--look";
  const only = process.argv[isLook ? 3 : 2];
  const [frontend, ...workers] = hosts;
  const order = [...workers, ...(frontend === undefined ? [] : [frontend])];
  const chosen = only === undefined ? order : [hostNamed(hosts, only, work.target)];
  const differing: string[] = [];
  for (const host of chosen) {
    const sayOfHost = (line: string) => say(`${host.name}: ${line}`);
    if (!isLook) await work.change(host, sayOfHost);
    else if (await differs(host, work, sayOfHost)) differing.push(host.name);
  }
  if (differing.length === 0) return;
  throw new Error(`the ${work.target} of ${differing.join(", ")} is not as it should be; run: make ${work.target}`);
}

/** The host of that name. Throws when there is none. */
export function hostNamed<Host extends Named>(hosts: readonly Host[], name: string | undefined, target: string): Host {
  const found = hosts.find((host) => host.name === name);
  if (found !== undefined) return found;
  const names = hosts.map((host) => host.name).join(", ");
  throw new Error(`no host ${name}; the hosts are ${names}: make ${target} HOST=<name>`);
}

/** A host that cannot be looked at counts as different; the others are still looked at. */
async function differs<Host>(host: Host, { look }: HostWork<Host>, sayOfHost: Say): Promise<boolean> {
  const differences = await look(host, sayOfHost).catch((error: unknown) => [
    error instanceof Error ? error.message : String(error),
  ]);
  for (const line of differences.length > 0 ? differences : ["as it should be"]) sayOfHost(line);
  return differences.length > 0;
}
