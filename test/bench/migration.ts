// How long a live migration leaves a guest without its address, with the delays that were recorded of the real API.
import { ownershipTags } from "../../driver/flexible-ip/ownership.ts";
import { vmDocument } from "../documents.ts";
import { PROJECT, Rig } from "../rig.ts";
import { median } from "./clock.ts";

const MAC = "52:54:00:aa:00:01";
// No interface of this machine has it: the source knows by it that the guest goes elsewhere.
const DESTINATION = "192.0.2.77";

const WAYS = {
  /** The API moves what is attached. */
  direct: { directAttach: "moves", host: DESTINATION },
  /** The API refuses to. */
  refused: { directAttach: "refused", host: DESTINATION },
  /** Detach, wait, attach. */
  old: { directAttach: "refused" },
} as const;

export type Way = keyof typeof WAYS;

/** Milliseconds of each way. All at once, because they only wait, each `repeats` times. */
export async function timeMigrations(repeats: number): Promise<Record<Way, number>> {
  const timed = async (way: Way): Promise<number> => {
    const times: number[] = [];
    while (times.length < repeats) times.push(await migrate(WAYS[way]));
    return median(times);
  };
  const [direct, refused, old] = await Promise.all([timed("direct"), timed("refused"), timed("old")]);
  return { direct, refused, old };
}

/** From the guest's end on the source until its address is attached to the destination. */
async function migrate({ directAttach, ...named }: (typeof WAYS)[Way]): Promise<number> {
  const rig = await Rig.start({ directAttach, settle: { recorded: 1 } });
  const hook = async (host: string, name: "pre" | "clean" | "post", document: string): Promise<void> => {
    const { code, stderr } = await rig.hook(host, name, document);
    if (code !== 0) throw new Error(`${name} failed: ${stderr}`);
  };
  try {
    const { account } = rig.simulator;
    const tags = ownershipTags("one", "created", "55555555-5555-4555-8555-555555555555");
    const [{ serverId }, destination] = [rig.host("source"), rig.host("destination").serverId];
    const { id, ip_address: IP } = account.add({ projectId: PROJECT, mac: MAC, tags, serverId });
    const vm = vmDocument([{ NIC_ID: "0", IP, MAC, EXTERNAL_IP: IP, SCW_FLEXIBLE_IP_ID: id }], named);
    await hook("destination", "pre", vm);
    const start = performance.now();
    await hook("source", "clean", vm);
    const post = hook("destination", "post", vm);
    await rig.until(() => account.get(id)?.status === "attached" && account.get(id)?.server_id === destination);
    const ms = performance.now() - start;
    await post;
    return ms;
  } finally {
    await rig.stop();
  }
}
