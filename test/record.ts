// Records what the real API answers in the life of one flexible IP, scrubbed, as fixtures. Run by `npm run record`.
// The secret key comes from the environment and goes into the request header alone.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Project, type Settings } from "./record/project.ts";
import { scrubber } from "./record/scrub.ts";

const CREDENTIALS = ["SCW_SECRET_KEY", "SCW_DEFAULT_PROJECT_ID", "SCW_DEFAULT_ZONE"] as const;
const SETTLE_TIMEOUT_MS = 180_000;
const LOOK_PAUSE_MS = 1_000;
const MOST_FAILURES = 5;
// A creation whose answer was lost may show late.
const LOOKS_AFTER_LOST_ANSWER = 5;

type Environment = Readonly<Record<string, string | undefined>>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      require: { type: "boolean", default: false },
      folder: { type: "string", default: resolve(import.meta.dirname, "../fixtures/scaleway/recorded") },
    },
  });
  const missing = CREDENTIALS.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    say(`nothing done, not set: ${missing.join(", ")}`);
    return values.require ? 1 : 0;
  }
  const settings = settingsOf(process.env);
  if (settings === undefined) {
    complain("nothing done: SCW_API_URL has to be https, or http to a loopback address");
    return 1;
  }
  say("creates one flexible IP and deletes it again at once; Scaleway bills it by the hour, 0.01 euro at least");
  const project = new Project(settings);
  const isComplete = await live(project, settings);
  const isClean = await clean(project, settings);
  if (!(isComplete && isClean)) return 1;
  write(values.folder, project, settings);
  return 0;
}

function settingsOf(environment: Environment): Settings | undefined {
  const base = (environment.SCW_API_URL ?? "https://api.scaleway.com").replace(/\/$/, "");
  if (!/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$))/.test(base)) return undefined;
  return {
    secretKey: environment.SCW_SECRET_KEY ?? "",
    projectId: environment.SCW_DEFAULT_PROJECT_ID ?? "",
    url: `${base}/flexible-ip/v1alpha1/zones/${environment.SCW_DEFAULT_ZONE}/fips`,
    serverId: environment.SCW_SERVER_ID ?? "",
  };
}

/** The life of the flexible IP; false when it was cut short. A signal ends it between two calls: no answer is lost. */
async function live(project: Project, settings: Settings): Promise<boolean> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stop.signal.aborted) complain(`stopped by ${signal}; deleting what it made`);
      stop.abort();
    });
  }
  try {
    const { id, ip_address: address } = await project.create();
    say(`created flexible IP ${address} (${id})`);
    for (const step of stepsOf(project, id, settings.serverId, stop.signal)) {
      stop.signal.throwIfAborted();
      await step();
    }
    return true;
  } catch (error) {
    if (!stop.signal.aborted) complain(messageOf(error, settings));
    return false;
  }
}

function stepsOf(project: Project, id: string, serverId: string, signal: AbortSignal): (() => Promise<unknown>)[] {
  const attachment = [
    () => project.step("attach", "POST", "/attach", { fips_ids: [id], server_id: serverId }),
    () => settle(project, id, "attached", signal),
    () => project.step("detach", "POST", "/detach", { fips_ids: [id] }),
    () => settle(project, id, "ready", signal),
  ];
  return [
    () => project.step("read", "GET", `/${id}`),
    () => project.step("list", "GET", project.listing()),
    () => project.step("make-mac", "POST", `/${id}/mac`, { mac_type: "kvm" }),
    () => project.step("read-with-mac", "GET", `/${id}`),
    () => project.step("change", "PATCH", `/${id}`, { description: "scw-flexip record, changed" }),
    ...(serverId === "" ? [] : attachment),
    () => project.step("delete", "DELETE", `/${id}`, null, [204]),
    () => project.step("read-deleted", "GET", `/${id}`, null, [403, 404]),
  ];
}

async function settle(project: Project, id: string, wanted: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + SETTLE_TIMEOUT_MS;
  const seen = new Set<string>();
  while ((await project.look(id, seen)) !== wanted) {
    if (performance.now() > end) throw new Error(`not ${wanted} within ${SETTLE_TIMEOUT_MS / 1_000} s`);
    await sleep(LOOK_PAUSE_MS, undefined, { signal });
  }
}

/**
 * Deletes whatever this run made and is still there, and tells. False when something may be left. Only what a listing
 * shows with this run's tag is deleted: the id of a deleted one may have been given out again.
 */
async function clean(project: Project, settings: Settings): Promise<boolean> {
  const end = performance.now() + SETTLE_TIMEOUT_MS;
  let looks = project.created === undefined ? LOOKS_AFTER_LOST_ANSWER : 1;
  let failures = 0;
  let reason = "it is still there";
  while (performance.now() < end && failures < MOST_FAILURES) {
    try {
      const left = await project.left();
      for (const { id } of left) await project.delete(id);
      failures = 0;
      if (left.length === 0) looks -= 1;
    } catch (error) {
      failures += 1;
      reason = messageOf(error, settings);
    }
    if (looks === 0) {
      say("deleted what it made; nothing of it is left in the project");
      return true;
    }
    await sleep(LOOK_PAUSE_MS);
  }
  complain(`NOT deleted, and billed on: ${nameOf(project)} (${reason}); delete it in the Scaleway console`);
  return false;
}

function nameOf({ created, runTag }: Project): string {
  const which = created === undefined ? "if there is one" : `${created.ip_address} (${created.id})`;
  return `flexible IP ${which}, tagged ${runTag}`;
}

/** One file an exchange, in the order of the calls, in the place of those of an earlier run. */
function write(folder: string, { kept }: Project, { secretKey }: Settings): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (/^\d\d-[a-z-]+\.json$/.test(name)) rmSync(join(folder, name));
  const scrub = scrubber(secretKey);
  for (const [index, [name, exchange]] of kept.entries()) {
    const file = `${String(index + 1).padStart(2, "0")}-${name}.json`;
    writeFileSync(join(folder, file), `${scrub(JSON.stringify(exchange, null, 1))}\n`);
  }
  say(`wrote ${kept.length} fixtures to ${folder}`);
}

function messageOf(error: unknown, { secretKey }: Settings): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.message}${cause}`.replaceAll(secretKey, "***").replaceAll(/\s+/g, " ");
}

function say(line: string): void {
  process.stdout.write(`record: ${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`record: ${line}\n`);
}

process.exitCode = await main();
