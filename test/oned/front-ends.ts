// Three front-ends in high availability: an oned each, with its own folder, database and network namespace.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Simulator } from "../fakes/flexible-ip-server.ts";
import { Cloud } from "./cloud.ts";
import { edit, LOCATION, RIG } from "./installation.ts";
import { Oned } from "./oned.ts";
import { raftStatus } from "./rpc.ts";
import { until } from "./until.ts";

const NUMBERS = [1, 2, 3] as const;
const FOLLOWERS = [2, 3] as const;
// Of those that are as far, the first asks for votes first.
const ELECTION_MS = { 1: 3_000, 2: 5_000, 3: 7_000 };
const FORWARD = join(import.meta.dirname, "forward.ts");
const SOCKET = join(RIG, "api.sock");
type FrontEndNumber = (typeof NUMBERS)[number];

export class FrontEnds {
  readonly cloud: Cloud;
  readonly #oneds: Readonly<Record<FrontEndNumber, Oned>>;
  readonly #forwarders: readonly ChildProcess[];

  constructor(cloud: Cloud, oneds: Readonly<Record<FrontEndNumber, Oned>>, forwarders: readonly ChildProcess[]) {
    this.cloud = cloud;
    this.#oneds = oneds;
    this.#forwarders = forwarders;
  }

  /** A cloud with three front-ends, from one oned with a cloud to three that know each other. */
  static async start(): Promise<FrontEnds> {
    mkdirSync(LOCATION, { recursive: true });
    connect();
    const oneds = { 1: onedOf(1), 2: onedOf(2), 3: onedOf(3) };
    const forwarders: ChildProcess[] = [];
    const started = ({ url }: Simulator) => void forwarders.push(...forwardersTo(new URL(url).port));
    const settings = { HOOK_TIMEOUT: "6" };
    const cloud = await Cloud.start({ oned: oneds[1], started, settings });
    for (const number of NUMBERS) {
      const words = ["server-add", "0", "--name", `fe${number}`, "--rpc", oneds[number].url];
      await oneds[1].run("onezone", ...words);
    }
    await oneds[1].stop();
    for (const number of FOLLOWERS) execFileSync("cp", ["--archive", folderOf(1), folderOf(number)]);
    for (const number of NUMBERS) configure(number);
    return new FrontEnds(cloud, oneds, forwarders);
  }

  get(number: FrontEndNumber): Oned {
    return this.#oneds[number];
  }

  /** Waits until one of them leads, and has the cloud use that one. */
  async untilLed(): Promise<FrontEndNumber> {
    const leader = await until("a front-end leads", async () => {
      for (const number of NUMBERS) if ((await raftStatus(this.get(number).url))?.state === "leader") return number;
      return undefined;
    });
    this.cloud.oned = this.get(leader);
    return leader;
  }

  /** Has the first one lead again: whoever else leads is stopped and started. */
  async untilFirstLeads(): Promise<void> {
    const doesLead = async () => {
      const leader = await this.untilLed();
      if (leader === 1) return true;
      if (!(await this.#follows(1, 30_000))) return false;
      await this.get(leader).stop("SIGKILL");
      const next = await this.untilLed();
      await this.get(leader).start();
      return next === 1;
    };
    await until("front-end 1 leads again", doesLead, 300_000);
  }

  /** All of them run, the first one leads, and the others have what it has; then they are the cloud that it answers with. */
  async whole(): Promise<Cloud> {
    for (const number of NUMBERS) await this.get(number).start();
    // On a busy machine another one may be chosen meanwhile.
    const areInOrder = async () => {
      await this.untilFirstLeads();
      return (await Promise.all(FOLLOWERS.map((number) => this.#follows(number, 20_000)))).every(Boolean);
    };
    await until("the first leads and the others follow", areInOrder, 300_000);
    return this.cloud;
  }

  /** Takes the front-end off the others' network, or puts it back. The API it still reaches. */
  cut(number: FrontEndNumber, isCut = true): void {
    ip(`link set fe${number} ${isCut ? "down" : "up"}`);
  }

  /** Takes back whatever a scene did to the networks, the API and the hosts. */
  calm(): void {
    this.cloud.calm();
    for (const number of NUMBERS) this.cut(number, false);
  }

  story(): string {
    return this.cloud.story();
  }

  async stop(): Promise<void> {
    for (const number of NUMBERS) await this.get(number).stop("SIGKILL");
    for (const forwarder of this.#forwarders) forwarder.kill();
    await this.cloud.stop();
  }

  /** Whether that one follows in time and has all that the leader has. */
  async #follows(number: FrontEndNumber, limitMs: number): Promise<boolean> {
    // A leader sends what a follower lacks when it has something new. On a busy machine it may have lost its lead.
    const news = this.cloud.file(`NEWS="${performance.now()}"`);
    await this.cloud.oned.try("oneuser", "update", "0", news, "--append");
    const isDone = async () => {
      const [own, leader] = await Promise.all([this.get(number), this.cloud.oned].map(({ url }) => raftStatus(url)));
      return own?.state === "follower" && own.index === leader?.index;
    };
    return until(`front-end ${number} follows`, isDone, limitMs).catch(() => false);
  }
}

function folderOf(number: FrontEndNumber): string {
  return join(RIG, "front-ends", String(number));
}

function onedOf(number: FrontEndNumber): Oned {
  const inside = ["enter-front-end", String(number)];
  return new Oned({ folder: folderOf(number), address: `198.18.1.${number}`, inside });
}

/** A network namespace for each, and a bridge in this process's namespace. */
function connect(): void {
  ip("link add front-ends type bridge");
  ip("addr add 198.18.1.254/24 dev front-ends");
  ip("link set front-ends up");
  for (const number of NUMBERS) {
    ip(`netns add fe${number}`);
    ip(`link add fe${number} type veth peer name eth0 netns fe${number}`);
    ip(`link set fe${number} master front-ends up`);
    ip(`-n fe${number} addr add 198.18.1.${number}/24 dev eth0`);
    ip(`-n fe${number} link set eth0 up`);
    ip(`-n fe${number} link set lo up`);
  }
}

function ip(words: string): void {
  execFileSync("ip", words.split(" "));
}

/** What brings the simulated API at that port to the same port in each of their networks. */
function forwardersTo(port: string): ChildProcess[] {
  const inside = NUMBERS.map((number) => {
    const words = [`--net=/run/netns/fe${number}`, process.execPath, FORWARD, port, SOCKET];
    return spawn("nsenter", words, { stdio: "inherit" });
  });
  return [spawn(process.execPath, [FORWARD, SOCKET, port], { stdio: "inherit" }), ...inside];
}

/** oned.conf of a server of the zone. */
function configure(number: FrontEndNumber): void {
  const file = join(folderOf(number), "etc/oned.conf");
  edit(file, /SERVER_ID *= -1/, `SERVER_ID = ${number - 1}`);
  edit(file, /ELECTION_TIMEOUT_MS *= \d+/, `ELECTION_TIMEOUT_MS = ${ELECTION_MS[number]}`);
}
