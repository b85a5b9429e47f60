// A machine for root's commands: this one's files with an overlay over them, processes of its own, a user oneadmin, and the
// simulated API. What tests put on it before its start lies in a folder that is copied over.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { hasTool } from "../../build/release/release.ts";
import { type Simulator, startSimulator } from "../fakes/flexible-ip-server.ts";
import { folderOf, PROJECT, REPOSITORY } from "../rig.ts";
import { EXECUTABLE, SERVERS } from "./cloud-rig.ts";

const OVERLAY = "mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m";
const canIsolate = spawnSync("unshare", ["-m", "sh", "-c", `mount -t tmpfs t /mnt && ${OVERLAY}`]).status === 0;
const isPossible = process.getuid?.() === 0 && canIsolate && ["apt-get", "sudo"].every(hasTool);

const MACHINE = `set -e
cd "$FOLDER"
mkdir overlay machine
mount -t tmpfs tmpfs overlay
mkdir overlay/upper overlay/work
mount -t overlay overlay -o lowerdir=/,upperdir=overlay/upper,workdir=overlay/work machine
cp -a files/. machine/
mkdir -p "machine$REPOSITORY" machine/run/sudo
mount --rbind "$REPOSITORY" "machine$REPOSITORY"
mount -t proc proc machine/proc
mount --rbind /dev machine/dev
exec chroot machine sh -c 'useradd --uid 9869 --user-group --home-dir /var/lib/one --shell /bin/sh oneadmin; exec sh -e /root/script 2>&1'
`;

export class RootMachine {
  readonly simulator: Simulator;
  readonly #folder: string;

  constructor(simulator: Simulator, context: TestContext) {
    this.simulator = simulator;
    this.#folder = folderOf(context);
    context.after(() => simulator.close());
    this.write("root/key", `${simulator.token}\n`, 0o600);
  }

  /** Where a path of the machine is before its start; the folders above it are there. */
  at(path: string): string {
    const file = join(this.#folder, "files", path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }

  folder(path: string): void {
    mkdirSync(this.at(path), { recursive: true });
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    writeFileSync(this.at(path), content, { mode });
  }

  tool(name: string, script: string): void {
    this.write(`usr/local/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  }

  /** A command start-oned, which starts a program of oned's name with its one_ipam. Neither ever reads anything. */
  oned(path: string): void {
    const ipam = `(exec -a one_ipam bash -c "sleep 600; :" x -i dummy,scw-flexip) & wait`;
    const start = `exec -a ${path} bash -c '${ipam}' </dev/null >/dev/null 2>&1 &`;
    this.write("usr/local/bin/start-oned", `#!/bin/bash\n${start}\n`, 0o755);
  }

  /** Starts the machine, follows the script there as root, and returns all that it printed. */
  follow(script: string): Promise<string> {
    this.write("root/script", script);
    const { zone: ZONE, url: URL } = this.simulator;
    const PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const env = { PATH, FOLDER: this.#folder, REPOSITORY, EXECUTABLE, ZONE, PROJECT, URL };
    const isolated = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", `exec 2>&1; ${MACHINE}`];
    return text(spawn("unshare", isolated, { env, stdio: ["ignore", "pipe", "inherit"] }).stdout);
  }
}

/** A test on such a machine, skipped where this user may not make one. */
export function onRootMachine(name: string, body: (machine: RootMachine) => Promise<void>): void {
  test(name, { skip: isPossible ? false : "needs root, overlays, apt and sudo" }, async (context) => {
    await body(new RootMachine(await startSimulator({ servers: SERVERS }), context));
  });
}
