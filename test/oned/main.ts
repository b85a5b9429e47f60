// make test-oned: plays the scenes on a real oned, each file of scenes in namespaces of its own, two files at a time.
// What a run starts and writes lives in these namespaces and ends with them, also when this process is killed.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { withSection } from "../generated-section.ts";
import { REPOSITORY } from "../rig.ts";
import { findInstallation, versionOf } from "./installation.ts";
import { CHANNEL, SECTION } from "./times.ts";

const SCENES = join(import.meta.dirname, "scenes");
const PAGE = join(REPOSITORY, "docs/performance.md");
// A child ends with its parent, and a process namespace with its first process.
const [FRESH, ...IN_NAMESPACES] = [
  ...["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"],
  ...["--mount-proc", join(import.meta.dirname, "enter-namespaces.sh")],
] as const;
// These begin, the last one first: what takes longest must not be left for the end.
const LONGEST = ["times.ts", "pools.ts", "front-ends.ts"];
const LANES = Math.min(2, availableParallelism());
const WANTED = `skipped: these tests play on a real oned, and there is no OpenNebula here.
Wanted: a self-contained OpenNebula 7.0 to 7.4 in /opt/opennebula, or in the directory that ONE_LOCATION names,
with bin/oned in it. What it needs of Debian: make test-tools.`;
const running = new Set<ChildProcess>();

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const installation = findInstallation(process.env);
const obstacle = installation === undefined ? WANTED : obstacleHere();
if (installation === undefined || obstacle !== undefined) {
  say(obstacle ?? WANTED);
} else {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end(signal));
  process.exitCode = await play(installation);
}

/** Why namespaces cannot be had here. */
function obstacleHere(): string | undefined {
  if (process.getuid?.() !== 0) return "skipped: hosts are namespaces, which only root can make; run this as root.";
  const env = { ...process.env, PACKAGE: "" };
  const look = spawnSync(FRESH, [...IN_NAMESPACES, "ip", "link", "show", "lo"], { env, encoding: "utf8" });
  if (look.status === 0) return undefined;
  const reason = look.error?.message ?? look.stderr.trim();
  return `skipped: namespaces and overlays are wanted (util-linux, iproute2), and this machine says: ${reason}`;
}

async function play(location: string): Promise<number> {
  const all = readdirSync(SCENES).sort((one, other) => LONGEST.indexOf(other) - LONGEST.indexOf(one));
  const files = all.filter((name) => name.includes(process.env.ONLY ?? ""));
  if (files.length === 0) say(`no file of scenes is called ${process.env.ONLY}; there are ${all.join(", ")}`);
  const start = performance.now();
  say(`OpenNebula ${versionOf(location)} in ${location}: ${files.length} files of scenes, ${LANES} at a time`);
  const waiting = [...files];
  const failed: string[] = [];
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (!(await playFile(location, file, files.length === 1))) failed.push(file);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  say(`${files.length - failed.length} of ${files.length} files of scenes passed, after ${secondsSince(start)} s`);
  for (const file of failed) say(`failed: ${file}; alone: make test-oned ONLY=${basename(file, ".ts")}`);
  return failed.length === 0 && files.length > 0 ? 0 : 1;
}

/** Plays one file to its end and prints what it said in one piece. */
async function playFile(location: string, file: string, isAlone: boolean): Promise<boolean> {
  const pattern = process.env.SCENE ? [`--test-name-pattern=${process.env.SCENE}`] : [];
  const options = ["--test-reporter=spec", "--test-force-exit", ...pattern];
  // One file alone is watched as it goes; of several, each one's lines stay together.
  const output = isAlone ? "inherit" : "pipe";
  const child = spawn(FRESH, [...IN_NAMESPACES, process.execPath, ...options, join(SCENES, file)], {
    cwd: REPOSITORY,
    env: { ...process.env, ONE_LOCATION: location },
    stdio: ["ignore", output, output, "pipe"],
  });
  running.add(child);
  const said: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  let section = "";
  child.stdio[CHANNEL]?.on("data", (chunk: Buffer) => {
    section += chunk;
  });
  const start = performance.now();
  const [code] = await once(child, "close");
  running.delete(child);
  say(`\n${file}, ${secondsSince(start)} s`);
  process.stdout.write(Buffer.concat(said));
  if (section !== "") {
    writeFileSync(PAGE, withSection(readFileSync(PAGE, "utf8"), SECTION, section));
    say("docs/performance.md written: the times that users feel");
  }
  return code === 0;
}

function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 1_000);
}

function end(signal: NodeJS.Signals): void {
  for (const child of running) child.kill("SIGKILL");
  process.exit(signal === "SIGINT" ? 130 : 143);
}
