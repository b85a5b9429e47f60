// make bench: times the built executable against its floor and against plain programs, and writes docs/performance.md.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { keepSection } from "../generated-section.ts";
import { SECTION } from "../oned/times.ts";
import { REPOSITORY } from "../rig.ts";
import { type Api, startApi } from "./api.ts";
import { type Program, peakMemory, time, timeInTurn, timeTogether } from "./clock.ts";
import { type Figures, targets } from "./figures.ts";
import { packFloor } from "./floor.ts";
import { timeMigrations } from "./migration.ts";
import { pageOf } from "./page.ts";
import { programsOf } from "./programs.ts";
import { writeInputs, writeSettings } from "./site.ts";

const QUICK = process.env.QUICK === "1";
const ROUNDS = QUICK ? 7 : 60;
const REPEATS = QUICK ? 2 : 7;
const SILENT_REPEATS = 3;
const MIGRATIONS = QUICK ? 1 : 3;
const LATENCY_MS = 65;
const REMOTES = join(REPOSITORY, "remotes");
const isTerminal = process.stdout.isTTY;

const has = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
const status = (text: string): void => {
  if (isTerminal) process.stdout.write(`\r\u001b[K${text}`);
};
const say = (line: string): void => void process.stdout.write(`${isTerminal ? "\r\u001b[K" : ""}${line}\n`);

const notes: string[] = [];
const needs = (what: string, ...tools: string[]): boolean => {
  const missing = tools.filter((tool) => !has(tool));
  if (missing.length > 0) notes.push(`${what}, for want of ${missing.join(", ")}`);
  return missing.length === 0;
};

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-bench-"));
const apis: Api[] = [];
process.once("exit", () => {
  for (const api of apis) api.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (
  name: string,
  others: number,
  latencyMs = 0,
  tls?: { key: string; cert: string },
  isSilent = false,
) => {
  const api = await startApi({ others, latencyMs, tls, isSilent });
  apis.push(api);
  return writeSettings(folder, name, api, tls && join(folder, "cert.pem"));
};

const start = performance.now();
// Both as fresh copies: how a file came into the page cache shows in times and memory.
const tree = join(folder, "remotes");
const floor = join(folder, "floor");
cpSync(REMOTES, tree, { recursive: true });
cpSync(packFloor(), floor);
const executable = join(tree, "ipam/scw-flexip/scw-flexip");
status("starting the simulated API");
const tls = needs("TLS", "openssl") ? certificate(folder) : undefined;
const http = await open("http", 8);
const far = await open("far", 8, LATENCY_MS);
const many = await open("many", 4_998);
const safe = tls && (await open("tls", 8, 0, tls));
const silent = await open("silent", 8, 0, undefined, true);
const inputs = writeInputs(folder);
const programs = programsOf({
  inputs,
  executable,
  floor,
  places: {
    http,
    far,
    many,
    tls: safe,
  },
  certificate: tls && join(folder, "cert.pem"),
  hasPlainTools: needs("the plain programs", "curl", "jq", "xmllint"),
});
const named = (name: string) => programs.filter((program) => program.name === name);
const actions = ["floor", "hook", "get_address", "get_address tls"].flatMap(named);

const times = timeInTurn(programs, ROUNDS, (round) => status(`round ${round} of ${ROUNDS}`));
const together = new Map<number, number[]>();
for (const count of [1, 8, 64]) {
  status(`${count} at once`);
  const all: number[] = [];
  for (const program of named("get_address")) {
    for (let repeat = 0; repeat < REPEATS; repeat += 1) all.push(timeTogether(program, count));
  }
  together.set(count, all);
}
status("leases while the API is silent");
const whileSilent = new Map(
  ["get_address", "free_address"].map((action) => {
    const environment = { SCW_FLEXIP_CONF: silent };
    const program: Program = {
      name: action,
      file: executable,
      parameters: [action, "7"],
      environment,
      input: inputs.lease,
    };
    return [action, Array.from({ length: SILENT_REPEATS }, () => time(program))];
  }),
);
status("live migrations");
const migrations = await timeMigrations(MIGRATIONS);
status("memory");
const memory = new Map(
  actions.map((program) => [program.name, Array.from({ length: REPEATS }, () => peakMemory(program))]),
);

const figures: Figures = {
  times,
  together,
  whileSilent,
  migrations,
  memory,
  sizeMb: statSync(executable).size / 1e6,
  cores: availableParallelism(),
  latencyMs: LATENCY_MS,
};
const rows = targets(figures);
for (const { what, target, measured, isMet } of rows) {
  say(`${isMet === undefined ? " " : isMet ? "✓" : "✗"} ${what}: ${measured} (${target})`);
}
const machine = {
  processor: cpus()[0]?.model ?? "unknown processor",
  cores: figures.cores,
  kernel: release(),
  node: process.versions.node,
};
const file = join(REPOSITORY, "docs/performance.md");
const page = pageOf(figures, rows, machine, notes);
writeFileSync(file, existsSync(file) ? keepSection(page, readFileSync(file, "utf8"), SECTION) : page);
for (const note of notes) say(`not measured: ${note}`);
say(`docs/performance.md written, after ${Math.round((performance.now() - start) / 1_000)} s`);
process.exit();

function certificate(home: string): { key: string; cert: string } {
  const [key, cert] = [join(home, "key.pem"), join(home, "cert.pem")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  spawnSync("openssl", [...words, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}
