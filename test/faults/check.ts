// What must hold whatever went wrong. Each function answers with what does not.
import { existsSync } from "node:fs";
import * as invariants from "../cloud/invariants.ts";
import { PASSWORD } from "../documents.ts";
import type { LoggedRequest } from "../fakes/flexible-ip-server.ts";
import type { RunResult } from "../rig.ts";
import { findings, occupiedIntents } from "./findings.ts";
import { CLOUD, type TestCloud } from "./test-cloud.ts";

/** Of one run: no bug, one plain line when it failed by itself, none when it did not. */
export function ofRun({ code, signal, stdout, stderr, plain }: RunResult): string[] {
  const said = `stdout ${JSON.stringify(stdout.slice(0, 300))}, stderr ${JSON.stringify(stderr.slice(-600))}`;
  if (signal !== null) return [];
  if (code === 0) return plain.length === 0 ? [] : [`a plain line although it succeeded: ${said}`];
  if (code !== 1) return [`exit code ${code}: ${said}`];
  if (plain.length !== 1) return [`${plain.length} plain lines on a failure: ${said}`];
  return (plain[0] ?? "").length > 1_500 ? [`a plain line of ${plain[0]?.length} characters`] : [];
}

/** At any time: others and running guests keep what they have, and no output holds a secret. */
export function always(cloud: TestCloud): string[] {
  const { account, pool, rig, results } = cloud;
  const writes = rig.simulator.requests.filter(({ method }) => method !== "GET");
  const said = [rig.logs(), ...results.map(({ stdout, stderr }) => stdout + stderr)].join("\n");
  return [
    ...writes.flatMap((write) =>
      idsIn(write)
        .filter((id) => cloud.untouchable.has(id) || (write.call !== "update" && cloud.serving.has(id)))
        .map((id) => `${write.call} on ${id}, which may not be touched`),
    ),
    ...invariants.secretsIn(said, { "the token": rig.simulator.token, "the guest's password": PASSWORD }),
    ...invariants.lostToTheirOwner(account, cloud.adoptable),
    ...invariants.cutOff(account, invariants.servingIn(pool, CLOUD)),
  ];
}

/** Every flexible IP with our tags is in exactly one registered range. */
export function leaked({ account, pool }: TestCloud): string[] {
  return invariants.notInOneRange(account, pool, CLOUD);
}

/** Once all is over: no lease without a guest, every guest with its addresses, nothing left to a reconcile. */
export async function settled(cloud: TestCloud): Promise<string[]> {
  const { account, pool } = cloud;
  return [
    ...always(cloud),
    ...leaked(cloud),
    ...invariants.brokenRanges(account, pool, CLOUD),
    ...invariants.stuckLeases(pool),
    ...invariants.unservedGuests(account, pool, CLOUD),
    ...occupiedIntents(cloud).map((intent) => `the journal still has intent ${intent}`),
    ...(existsSync(`${cloud.rig.frontEnd.stateFile}.lock`) ? ["the journal is still locked"] : []),
    ...(await findings(cloud)).map(({ reason, address }) => `a reconcile finds ${address}: ${reason}`),
  ];
}

function idsIn({ path, body }: LoggedRequest): string[] {
  const [listed = ""] = /"fips_ids":\[[^\]]*/.exec(JSON.stringify(body)) ?? [];
  return `${path} ${listed}`.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
}
