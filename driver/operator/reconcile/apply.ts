// Applies a step of a plan. Each step reads again first: what has changed since the plan is left to the next plan.

import { changed } from "../../flexible-ip/log-fields.ts";
import { bringHere, sendAway } from "../../flexible-ip/mac-group.ts";
import { find } from "../../flexible-ip/presence.ts";
import { giveBack } from "../../ipam/give-back.ts";
import type { IpamSession } from "../../ipam/ipam-session.ts";
import { stillToCome, undoIntent } from "../../ipam/recover.ts";
import { type FlexibleIp, nameOf } from "../../scaleway/flexible-ip.ts";
import type { Step } from "./step.ts";

/** `later`: a call whose answer was lost may still be acted on; `changed`: since the plan; `manual`: only a person can. */
export type Outcome = "done" | "later" | "changed" | "manual";

const WHY = "scw-flexip reconcile";

/** Whether OpenNebula still says about the step's address what it said when the plan was made. */
type StillHolds = (step: Step) => Promise<boolean>;

/** Applies one step. Throws DriverError when it fails; a later plan finds whatever is left half-way. */
export async function apply(ports: IpamSession, step: Step, stillHolds: StillHolds): Promise<Outcome> {
  const { remedy } = step;
  const unchanged = async (planned: readonly FlexibleIp[], work: Work): Promise<Outcome> => {
    const now = await unchangedOnes(ports, planned, () => stillHolds(step));
    if (now === undefined) return "changed";
    await work(now);
    ports.log.info(`reconcile ${step.key}: done`, { address: step.address });
    return "done";
  };
  switch (remedy.do) {
    case "none":
      return "manual";
    case "undo-registration":
      return undo(ports, remedy.intent);
    case "delete":
      return unchanged([remedy.flexibleIp], async ([flexibleIp]) => {
        if (flexibleIp !== undefined) await giveBack(ports, flexibleIp, "no address range has it");
      });
    case "detach":
      return unchanged(remedy.flexibleIps, async (now) => {
        const serverId = now.find((one) => one.serverId !== undefined)?.serverId;
        if (serverId) await sendAway(ports, { own: now, aliases: [] }, serverId, WHY);
      });
    case "restore-tags":
    case "remove-tags":
      return unchanged([remedy.flexibleIp], async () => {
        const { flexibleIp, tags } = remedy;
        await ports.api.update(flexibleIp.id, { tags });
        const what = remedy.do === "remove-tags" ? "give back" : "restore tags";
        const fields = changed(ports.api, what, flexibleIp, flexibleIp.tags.join(" "), tags.join(" "));
        ports.log.info(`${what}: ${nameOf(flexibleIp)}`, fields);
      });
    case "attach":
    case "move":
      return unchanged([...remedy.flexibleIps, ...(remedy.aliases ?? [])], async (now) => {
        const count = remedy.flexibleIps.length;
        const group = { own: now.slice(0, count), aliases: now.slice(count) };
        await bringHere(ports, group, remedy.serverId, remedy.do === "move" ? "take" : "leave", WHY);
      });
  }
}

async function undo(ports: IpamSession, intent: string): Promise<Outcome> {
  const noted = ports.journal.read().intents[intent];
  if (noted === undefined) return "changed";
  const isClosed = await undoIntent(ports, intent, stillToCome(ports, noted));
  return isClosed ? "done" : "later";
}

type Work = (now: readonly FlexibleIp[]) => Promise<void>;

/** The planned ones as they are now; undefined when any of them, or what OpenNebula says, has changed. */
async function unchangedOnes(
  ports: IpamSession,
  planned: readonly FlexibleIp[],
  isStillSo: () => Promise<boolean>,
): Promise<FlexibleIp[] | undefined> {
  const [so, ...now] = await Promise.all([isStillSo(), ...planned.map((one) => find(ports, one))]);
  const same = now.flatMap((one, index) =>
    one !== undefined && one.updatedAt === planned[index]?.updatedAt ? [one] : [],
  );
  return so && same.length === planned.length ? same : undefined;
}
