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
import { SECTION, type Times, takenOver, timesSection } from "./times.ts";

const SCENES = join(import.meta.dirname, "scenes");
const PAGE = join(REPOSITORY, "docs/performance.md");
const ENTER = join(import.meta.dirname, "enter-namespaces.sh");
// A child ends with its parent, and a process namespace with its first process.
const FRESH = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"];
// These begin: what takes longest must not be left for the end.
const LONGEST = ["front-ends.ts", "pools.ts", "outage.ts", "times.ts"];
const LANES = Math.min(2, availableParallelism());
const running = new Set<ChildProcess>();

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const installation = findInstallation(process.env);
const obstacle = installation === undefined ? undefined : obstacleHere();
if (installation === undefined) {
  say("skipped: these tests play on a real oned, and there is no OpenNebula here.");
  say(
    "Wanted: a self-contained OpenNebula 7.0 to 7.4 in /opt/opennebula, or in the directory that ONE_LOCATION names,",
  );
  say("with bin/oned in it. What it needs of Debian: make test-tools.");
} else if (obstacle !== undefined) {
  say(`skipped: ${obstacle}`);
} else {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end(signal));
  process.exitCode = await play(installation);
}

/** Why namespaces cannot be had here. */
function obstacleHere(): string | undefined {
  if (process.getuid?.() !== 0) return "hosts are namespaces, which only root can make; run this as root.";
  const [program = "", ...words] = [...FRESH, "--mount-proc", ENTER, "ip", "link", "show", "lo"];
  const { status, error, stderr } = spawnSync(program, words, {
    env: { ...process.env, PACKAGE: "" },
    encoding: "utf8",
  });
  if (status === 0) return undefined;
  return `namespaces and overlays are wanted (util-linux, iproute2), and this machine says: ${error?.message ?? stderr.trim()}`;
}

async function play(location: string): Promise<number> {
  const wanted = process.env.ONLY ?? "";
  const rank = (name: string): number => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length);
  const files = readdirSync(SCENES)
    .filter((name) => name.includes(wanted))
    .sort((one, other) => rank(one) - rank(other));
  if (files.length === 0) say(`no file of scenes is called ${wanted}; there are ${readdirSync(SCENES).join(", ")}`);
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
  const seconds = Math.round((performance.now() - start) / 1_000);
  say(`${files.length - failed.length} of ${files.length} files of scenes passed, after ${seconds} s`);
  for (const file of failed) say(`failed: ${file}; alone: make test-oned ONLY=${basename(file, ".ts")}`);
  return failed.length === 0 && files.length > 0 ? 0 : 1;
}

/** Plays one file to its end and prints what it said in one piece. */
async function playFile(location: string, file: string, isAlone: boolean): Promise<boolean> {
  const scene = process.env.SCENE ?? "";
  const options = [
    "--test-reporter=spec",
    "--test-force-exit",
    ...(scene === "" ? [] : [`--test-name-pattern=${scene}`]),
  ];
  const [program = "", ...words] = [...FRESH, "--mount-proc", ENTER, process.execPath, ...options];
  const child = spawn(program, [...words, join(SCENES, file)], {
    cwd: REPOSITORY,
    env: { ...process.env, ONE_LOCATION: location, TIMES_CHANNEL: "1" },
    // One file alone is watched as it goes; of several, each one's lines stay together.
    stdio: ["ignore", isAlone ? "inherit" : "pipe", isAlone ? "inherit" : "pipe", "pipe"],
  });
  running.add(child);
  const said: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  const handedOver: Buffer[] = [];
  child.stdio[3]?.on("data", (chunk: Buffer) => handedOver.push(chunk));
  const start = performance.now();
  const [code] = await once(child, "close");
  running.delete(child);
  say(`\n${file}, ${Math.round((performance.now() - start) / 1_000)} s`);
  process.stdout.write(Buffer.concat(said));
  const times = takenOver(Buffer.concat(handedOver).toString("utf8"));
  if (times !== undefined) writeTimes(times, versionOf(location));
  return code === 0;
}

function writeTimes(times: Times, version: string): void {
  writeFileSync(PAGE, withSection(readFileSync(PAGE, "utf8"), SECTION, timesSection(times, version)));
  say("docs/performance.md written: the times that users feel");
}

function end(signal: NodeJS.Signals): void {
  for (const child of running) child.kill("SIGKILL");
  process.exit(signal === "SIGINT" ? 130 : 143);
}
