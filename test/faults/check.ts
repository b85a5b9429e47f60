// What has to hold whatever went wrong. Each function answers with what does not.
import { existsSync } from "node:fs";
import { isAddressOf } from "../../driver/addresses.ts";
import { PASSWORD } from "../documents.ts";
import type { LoggedRequest } from "../fakes/flexible-ip-server.ts";
import type { RunResult } from "../rig.ts";
import { idsOf, isOurTag } from "./ranges.ts";
import { isOccupied, journalOf } from "./reconciling.ts";
import { CLOUD, type World } from "./world.ts";

/** Of one run: no bug, one plain line when it failed by itself, none when it did not. */
export function ofRun({ code, signal, stdout, stderr, plain }: RunResult): string[] {
  const told = `stdout ${JSON.stringify(stdout.slice(0, 300))}, stderr ${JSON.stringify(stderr.slice(-600))}`;
  if (signal !== null) return [];
  if (code === 0) return plain.length === 0 ? [] : [`a plain line although it succeeded: ${told}`];
  if (code !== 1) return [`exit code ${code}: ${told}`];
  if (plain.length !== 1) return [`${plain.length} plain lines on a failure: ${told}`];
  return (plain[0] ?? "").length > 1_500 ? [`a plain line of ${plain[0]?.length} characters`] : [];
}

/** At any time: nothing is done to what others own or a running guest uses, and no secret is told. */
export function always(world: World): string[] {
  const writes = world.rig.simulator.requests.filter(({ method }) => method !== "GET");
  const told = [logsOf(world), ...world.results.map(({ stdout, stderr }) => stdout + stderr)].join("\n");
  return [
    ...writes.flatMap((write) =>
      idsIn(write)
        .filter((id) => world.untouchable.has(id) || (write.call !== "update" && world.serving.has(id)))
        .map((id) => `${write.call} on ${id}, which may not be touched`),
    ),
    ...(told.includes(world.rig.simulator.token) ? ["the token is told"] : []),
    ...(told.includes(PASSWORD) ? ["the guest's password is told"] : []),
    ...[...world.adoptable.keys()]
      .filter((id) => world.account.get(id) === undefined)
      .map((id) => `the adopted flexible IP ${id} was deleted`),
    ...world.guests.flatMap(({ host, nics }) => {
      if (host === undefined) return [];
      return nics
        .map(({ IP = "" }) => world.account.byAddress(IP))
        .filter((one) => one !== undefined && stays(world, one.id) && one.server_id !== world.server(host))
        .map((one) => `a running guest was cut off: ${one?.ip_address} is ${one?.status} on ${one?.server_id}`);
    }),
  ];
}

/** Every flexible IP with our tags is in exactly one registered range. */
export function leaked(world: World): string[] {
  return world.account
    .all()
    .filter(({ tags }) => tags.includes(`scw-flexip:cloud=${CLOUD}`))
    .flatMap(({ id, ip_address: address }) => {
      const ranges = [...world.ranges.values()].filter(
        (range) =>
          idsOf(range).includes(id) &&
          isAddressOf(address.includes(":") ? (range.IP6 ?? "") : range.IP, address.replace(/\/.*/, "")),
      );
      return ranges.length === 1 ? [] : [`flexible IP ${address} (${id}) is in ${ranges.length} ranges`];
    });
}

/** Every range has its flexible IPs, with our tags and its MAC. */
export function missing(world: World): string[] {
  return [...world.ranges.values()].flatMap((range) => {
    const held = idsOf(range).map((id) => world.account.get(id));
    if (held.includes(undefined)) return [`range ${range.IP} has no flexible IP`];
    const [own] = held;
    const isBorrower = own?.tags.includes("scw-flexip:mac-borrower") === true;
    return [
      ...(held.every((one) => one?.tags.some(isOurTag)) ? [] : [`range ${range.IP} has lost its tags`]),
      ...(isBorrower || own?.mac_address?.mac_address === range.MAC
        ? []
        : [`range ${range.IP} has MAC ${range.MAC}, its flexible IP ${own?.mac_address?.mac_address ?? "none"}`]),
    ];
  });
}

/** Once all is over: no lease without a guest, every guest with its addresses, nothing left in the journal. */
export function settled(world: World): string[] {
  const state = journalOf(world);
  const lock = `${world.rig.frontEnd.stateFile}.lock`;
  return [
    ...leaked(world),
    ...missing(world),
    ...Object.keys(state.intents)
      .filter((intent) => isOccupied(world, intent))
      .map((intent) => `the journal still has intent ${intent}`),
    ...(existsSync(lock) ? ["the journal is still locked"] : []),
    ...[...world.adoptable]
      .filter(([id, tags]) => tags.some((tag) => world.account.get(id)?.tags.includes(tag) !== true))
      .map(([id]) => `flexible IP ${id} has lost its owner's tags`),
    ...[...world.ranges.values()].flatMap((range) => {
      const host = world.leases.get(range.IP)?.host;
      const place = world.placeOf(range);
      // What an ended lease left attached harms nobody: the next guest's host takes it over.
      return host === undefined || place === host ? [] : [`${range.IP} of a guest on ${host} is ${place}`];
    }),
  ];
}

function stays(world: World, id: string): boolean {
  return world.untouchable.has(id) || world.serving.has(id);
}

// A fault may have put a folder where a log file should be, until it is lifted.
function logsOf({ rig }: World): string {
  try {
    return rig.logs();
  } catch {
    return "";
  }
}

function idsIn({ path, body }: LoggedRequest): string[] {
  const named = /\/fips\/([0-9a-f-]{36})/.exec(path)?.[1];
  const listed =
    typeof body === "object" && body !== null && "fips_ids" in body && Array.isArray(body.fips_ids)
      ? body.fips_ids.map(String)
      : [];
  return named === undefined ? listed : [named, ...listed];
}
