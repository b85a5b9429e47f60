// Three front-ends in high availability: an oned each, with its own folder, database and network namespace.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import type { Simulator } from "../fakes/flexible-ip-server.ts";
import { Cloud, LOCATION, RIG } from "./cloud.ts";
import { forward } from "./forward.ts";
import { copyInstallation } from "./installation.ts";
import { Oned } from "./oned.ts";
import { raftStatus } from "./rpc.ts";
import { runCommand } from "./run-command.ts";
import { until } from "./until.ts";

const NUMBERS = [1, 2, 3] as const;
// Of those that are as far, the first asks for votes first.
const ELECTION_MS = { 1: 3_000, 2: 5_000, 3: 7_000 };
const SOCKET = join(RIG, "api.sock");
export type FrontEndNumber = (typeof NUMBERS)[number];

export class FrontEnds {
  readonly cloud: Cloud;
  readonly #oneds: Readonly<Record<FrontEndNumber, Oned>>;
  readonly #helpers: Helpers;

  constructor(cloud: Cloud, oneds: Readonly<Record<FrontEndNumber, Oned>>, helpers: Helpers) {
    this.cloud = cloud;
    this.#oneds = oneds;
    this.#helpers = helpers;
  }

  /** A cloud of which the first front-end leads and the two others follow. */
  static async start(): Promise<FrontEnds> {
    const helpers = new Helpers();
    const oneds = { 1: onedOf(1), 2: onedOf(2), 3: onedOf(3) };
    const frontEnd = async (simulator: Simulator): Promise<Oned> => {
      mkdirSync(LOCATION);
      await connectFrontEnds(oneds[1]);
      helpers.bringApi(simulator, oneds[1]);
      copyInstallation(process.env.ONE_LOCATION ?? "", folderOf(1));
      return oneds[1];
    };
    const cloud = await Cloud.start({ frontEnd, settings: { HOOK_TIMEOUT: "6" } });
    const all = new FrontEnds(cloud, oneds, helpers);
    await all.#spread();
    return all;
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

  /** Waits until that one follows and has all that the leader has. */
  async untilFollows(number: FrontEndNumber, limitMs = 120_000): Promise<void> {
    // A leader sends what a follower lacks when it has something new.
    await this.cloud.oned.run(
      "oneuser",
      "update",
      "0",
      this.cloud.file([["NEWS", String(performance.now())]]),
      "--append",
    );
    const statuses = () => Promise.all([this.get(number), this.cloud.oned].map(({ url }) => raftStatus(url)));
    const isDone = async () => {
      const [own, leader] = await statuses();
      return (own?.state === "follower" && own.index === leader?.index) || undefined;
    };
    const story = async () =>
      `it and the leader: ${JSON.stringify(await statuses())}\n${this.get(number).log().slice(-2_000)}`;
    await until(`front-end ${number} follows`, isDone, { limitMs, story });
  }

  /** Has the first one lead again: whoever else leads is stopped and started. */
  async untilFirstLeads(): Promise<void> {
    await until(
      "front-end 1 leads again",
      async () => {
        const leader = await this.untilLed();
        if (leader === 1) return true;
        const isReady = await this.untilFollows(1, 30_000).then(
          () => true,
          () => false,
        );
        if (!isReady) return undefined;
        await this.get(leader).stop("SIGKILL");
        const next = await this.untilLed();
        await this.get(leader).start();
        return next === 1 || undefined;
      },
      { limitMs: 300_000 },
    );
  }

  /** All of them run, the first one leads, and the others have what it has. */
  async untilWhole(): Promise<void> {
    for (const number of NUMBERS) await this.get(number).launch();
    // On a busy machine another one may be chosen meanwhile.
    const areInOrder = async () => {
      await this.untilFirstLeads();
      const follow = ([2, 3] as const).map((number) => this.untilFollows(number, 20_000));
      return (await Promise.allSettled(follow)).every(({ status }) => status === "fulfilled") || undefined;
    };
    await until("the first leads and the others follow", areInOrder, { limitMs: 300_000 });
  }

  /** Takes the front-end off the others' network, or puts it back. The API it still reaches. */
  async cut(number: FrontEndNumber, isCut = true): Promise<void> {
    const link = ["link", "set", `fe${number}`, isCut ? "down" : "up"];
    await runCommand(["ip", ...link], { env: this.cloud.oned.environment });
  }

  /** Takes back whatever a scene did to the networks, the API and the hosts. */
  async calm(): Promise<void> {
    this.cloud.calm();
    for (const number of NUMBERS) await this.cut(number, false);
  }

  /** Runs the product's command on that front-end. */
  scwFlexip(number: FrontEndNumber, ...words: string[]) {
    const executable = join(LOCATION, "var/remotes/ipam/scw-flexip/scw-flexip");
    return this.get(number).try([executable, ...words, "--one-location", LOCATION]);
  }

  async stop(): Promise<void> {
    for (const number of NUMBERS) await this.get(number).stop("SIGKILL");
    this.#helpers.stop();
    await this.cloud.stop();
  }

  /** From one oned with a cloud to three that know each other. */
  async #spread(): Promise<void> {
    const first = this.get(1);
    for (const number of NUMBERS) {
      await first.run("onezone", "server-add", "0", "--name", `fe${number}`, "--rpc", this.get(number).url);
    }
    await first.stop();
    for (const number of [2, 3] as const) {
      mkdirSync(folderOf(number), { recursive: true });
      const copy = ["cp", "--archive", `${folderOf(1)}/.`, folderOf(number)];
      await runCommand(copy, { env: first.environment });
    }
    for (const number of NUMBERS) configure(number);
    await this.untilWhole();
  }
}

/** What runs beside the front-ends for the simulated API to be at the same port in each of their networks. */
class Helpers {
  readonly #children: ChildProcess[] = [];
  readonly #servers: Server[] = [];

  bringApi(simulator: Simulator, { environment }: Oned): void {
    const port = new URL(simulator.url).port;
    this.#servers.push(forward({ path: SOCKET }, { port: Number(port), host: "127.0.0.1" }));
    for (const number of NUMBERS) {
      const words = [
        `--net=/run/netns/fe${number}`,
        process.execPath,
        join(import.meta.dirname, "forward.ts"),
        port,
        SOCKET,
      ];
      this.#children.push(spawn("nsenter", words, { env: environment, stdio: "inherit" }));
    }
  }

  stop(): void {
    for (const child of this.#children) child.kill();
    for (const server of this.#servers) server.close();
  }
}

function folderOf(number: FrontEndNumber): string {
  return join(RIG, "front-ends", String(number));
}

function onedOf(number: FrontEndNumber): Oned {
  return new Oned({
    location: LOCATION,
    folder: folderOf(number),
    rig: RIG,
    address: `198.18.1.${number}`,
    inside: ["enter-front-end", String(number)],
  });
}

/** A network namespace for each, and a bridge in this process's namespace. */
async function connectFrontEnds({ environment }: Oned): Promise<void> {
  const ip = (words: string) => runCommand(["ip", ...words.split(" ")], { env: environment });
  await ip("link add front-ends type bridge");
  await ip("addr add 198.18.1.254/24 dev front-ends");
  await ip("link set front-ends up");
  for (const number of NUMBERS) {
    await ip(`netns add fe${number}`);
    await ip(`link add fe${number} type veth peer name eth0 netns fe${number}`);
    await ip(`link set fe${number} master front-ends up`);
    await ip(`-n fe${number} addr add 198.18.1.${number}/24 dev eth0`);
    await ip(`-n fe${number} link set eth0 up`);
    await ip(`-n fe${number} link set lo up`);
  }
}

/** oned.conf of a server of the zone. */
function configure(number: FrontEndNumber): void {
  const file = join(folderOf(number), "etc/oned.conf");
  const text = readFileSync(file, "utf8")
    .replace(/SERVER_ID( *)= -1/, (_, space: string) => `SERVER_ID${space}= ${number - 1}`)
    .replace(/ELECTION_TIMEOUT_MS( *)= \d+/, `ELECTION_TIMEOUT_MS = ${ELECTION_MS[number]}`);
  writeFileSync(file, text);
}
