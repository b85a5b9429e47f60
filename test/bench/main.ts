// make bench: times the built executable against its floor and against plain programs, and writes docs/performance.md.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "../certificate.ts";
import { keepSection } from "../generated-section.ts";
import { SECTION } from "../oned/times.ts";
import { REPOSITORY } from "../rig.ts";
import { settingsForApi } from "./api.ts";
import { median, peakMemory, time, timeTogether } from "./clock.ts";
import { packFloor } from "./floor.ts";
import { timeMigrations } from "./migration.ts";
import { pageOf, targets } from "./page.ts";
import { type Program, programsOf } from "./programs.ts";

const QUICK = process.env.QUICK === "1";
const ROUNDS = QUICK ? 7 : 61;
const REPEATS = QUICK ? 3 : 7;
const PAGE = join(REPOSITORY, "docs/performance.md");

const missing = ["curl", "jq", "xmllint", "openssl"].filter((tool) => spawnSync(tool, ["--version"]).error);
if (missing.length > 0) throw new Error(`the bench needs ${missing.join(", ")}; install them, for example with apt`);
const status = (text: string): void => {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
};
const say = (line: string): void => {
  status("");
  process.stdout.write(`${line}\n`);
};
const startedAt = performance.now();
const folder = mkdtempSync(join(tmpdir(), "scw-flexip-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

// Both as fresh copies: how a file came into the page cache shows in times and memory.
const tree = join(folder, "remotes");
const floor = join(folder, "floor");
cpSync(join(REPOSITORY, "remotes"), tree, { recursive: true });
cpSync(packFloor(), floor);
const executable = join(tree, "ipam/scw-flexip/scw-flexip");
status("starting the simulated API");
const { certFile, ...tls } = selfSigned(folder);
const settings = {
  http: await settingsForApi(folder, "http"),
  far: await settingsForApi(folder, "far", { latencyMs: 65 }),
  many: await settingsForApi(folder, "many", { others: 4_998 }),
  tls: await settingsForApi(folder, "tls", { tls }),
};
const silent = await settingsForApi(folder, "silent", { api: "silent" });
const programs = programsOf(folder, executable, floor, settings, certFile);
const repeated = (count: number, measure: () => number): number => median(Array.from({ length: count }, measure));
const named = (...names: string[]): Program[] => programs.filter(({ name }) => names.includes(name));

const times = new Map(programs.map(({ name }) => [name, [] as number[]]));
// The first round only warms up.
for (let round = 0; round <= ROUNDS; round += 1) {
  status(`round ${round} of ${ROUNDS}`);
  for (const program of programs) {
    const ms = time(program);
    if (round > 0) times.get(program.name)?.push(ms);
  }
}
const [lease] = named("get_address");
if (lease === undefined) throw new Error("get_address is not among the programs");
status("64 at once");
const together = repeated(REPEATS, () => timeTogether(lease, 64));
status("leases while the API is silent");
const whileSilent = (action: string): number => {
  const environment = { ...lease.environment, SCW_FLEXIP_CONF: silent };
  return repeated(3, () => time({ ...lease, name: action, words: [action, "7"], environment }));
};
const leaseWhileSilent = { get: whileSilent("get_address"), free: whileSilent("free_address") };
status("live migrations");
const migrations = await timeMigrations(QUICK ? 1 : 3);
status("memory");
const measured = named("floor", "hook, VM without a public NIC", "get_address", "get_address, TLS");
const memory = new Map(measured.map((program) => [program.name, repeated(REPEATS, () => peakMemory(program))]));

const figures = { times, together, leaseWhileSilent, migrations, memory, sizeMb: statSync(executable).size / 1e6 };
const rows = targets(figures);
for (const { what, target, measured, isMet } of rows) say(`${isMet ? "✓" : "✗"} ${what}: ${measured} (${target})`);
writeFileSync(PAGE, keepSection(pageOf(figures, rows), readFileSync(PAGE, "utf8"), SECTION));
say(`docs/performance.md written, after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
process.exit();
