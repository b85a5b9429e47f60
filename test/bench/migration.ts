// How long a live migration leaves a guest without its address, with the delays that were recorded of the real API.
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import type { Behaviour } from "../fakes/flexible-ip-server.ts";
import { PROJECT, Rig } from "../rig.ts";
import { median } from "./clock.ts";

const MAC = "52:54:00:aa:00:01";
// No interface of this machine has it: the source knows by it that the guest goes elsewhere.
const DESTINATION = "192.0.2.77";

export const WAYS = {
  direct: { what: "the API moves what is attached", directAttach: "moves", host: DESTINATION },
  refused: { what: "the API refuses to", directAttach: "refused", host: DESTINATION },
  old: { what: "the old way: detach, wait, attach", directAttach: "refused", host: undefined },
} as const;

export type Way = keyof typeof WAYS;
/** Milliseconds from the guest's end on the source until its address is attached to the destination, and the changes. */
export type Migration = { readonly ms: number; readonly changes: number };

/** All ways at once, because they only wait, each `repeats` times. */
export async function timeMigrations(repeats: number): Promise<ReadonlyMap<Way, Migration>> {
  const ways = ["direct", "refused", "old"] as const;
  return new Map(await Promise.all(ways.map(async (way) => [way, await timed(way, repeats)] as const)));
}

async function timed(way: Way, repeats: number): Promise<Migration> {
  const runs: Migration[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) runs.push(await migrate(WAYS[way]));
  return { ms: median(runs.map(({ ms }) => ms)), changes: runs[0]?.changes ?? 0 };
}

async function migrate({ directAttach, host }: { directAttach: Behaviour["directAttach"]; host: string | undefined }) {
  const rig = await Rig.start({ directAttach, settle: { recorded: 1 } });
  try {
    const { account } = rig.simulator;
    const tags = ownershipTags("one", "created", "55555555-5555-4555-8555-555555555555");
    const { id, ip_address: IP } = account.add({
      projectId: PROJECT,
      mac: MAC,
      tags,
      serverId: rig.host("source").serverId,
    });
    const nic = { NIC_ID: "0", IP, MAC, EXTERNAL_IP: IP, SCW_FLEXIBLE_IP_ID: id };
    const vm = vmDocument([nic], host === undefined ? {} : { host });
    await succeeded(rig.hook("destination", "pre", vm));
    const start = performance.now();
    await succeeded(rig.hook("source", "clean", vm));
    const post = succeeded(rig.hook("destination", "post", vm));
    const { serverId } = rig.host("destination");
    await rig.until(() => account.get(id)?.status === "attached" && account.get(id)?.server_id === serverId);
    const ms = performance.now() - start;
    await post;
    const changes = rig.simulator.requests.filter(({ method }) => method !== "GET").length;
    return { ms, changes };
  } finally {
    await rig.stop();
  }
}

async function succeeded(run: ReturnType<Rig["hook"]>): Promise<void> {
  const { code, stderr } = await run;
  if (code !== 0) throw new Error(`a hook failed: ${stderr}`);
}
