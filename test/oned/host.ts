// A KVM host without a machine: folders that `ssh` binds over those of this machine, and guests that are files.
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverIdOf } from "../rig.ts";
import { LOCATION, RIG } from "./installation.ts";
import { idsIn, type Oned } from "./oned.ts";
import { until } from "./until.ts";

const HOSTS = join(RIG, "hosts");
const EXECUTABLE = "/var/tmp/one/ipam/scw-flexip/scw-flexip";

/** What goes wrong on a host: an action of the hypervisor fails or waits, virsh does not answer, nobody reaches it. */
type Trouble = "fail-migrate" | `hold-${string}` | "virsh-fails" | "lost";

export class Host {
  readonly name: string;
  readonly serverId: string;
  /** Its number in OpenNebula. */
  readonly id: number;

  constructor(name: string, id: number) {
    this.name = name;
    this.serverId = serverIdOf(name);
    this.id = id;
  }

  /** A host with the remotes tree. Without options of `scw-flexip install --host` the product was never installed there. */
  static async add(oned: Oned, name: string, options?: string): Promise<Host> {
    const home = join(HOSTS, name);
    for (const folder of ["tmp", "lib/rig/guests", "lib/rig/trouble", "log", "var"]) {
      mkdirSync(join(home, folder), { recursive: true });
    }
    // An address that no interface of this machine has: what tells a host that another one is meant.
    appendFileSync("/etc/hosts", `198.18.0.${readdirSync(HOSTS).length} ${name}\n`);
    // What `onehost sync -f` does, which refuses to run as root. Hard links: a host only reads its tree.
    const copy = ["--recursive", "--dereference", "--link"];
    execFileSync("cp", [...copy, "--no-target-directory", join(oned.folder, "var/remotes"), join(home, "tmp")]);
    if (options !== undefined) {
      const install = `${EXECUTABLE} install --host --one-location ${LOCATION} ${options}`;
      // Exit code 3: there is no user oneadmin here.
      await oned.run("ssh", name, `${install} || [ $? = 3 ]`);
    }
    const [id = -1] = idsIn(await oned.run("onehost", "create", name, "-i", "dummy", "-v", "kvm"));
    return new Host(name, id);
  }

  /** The names of the guests that run here. */
  guests(): string[] {
    return readdirSync(this.#file("guests"));
  }

  /** Makes trouble, or ends it. */
  trouble(kind: Trouble, isOn = true): void {
    if (isOn) writeFileSync(this.#file(`trouble/${kind}`), "");
    else rmSync(this.#file(`trouble/${kind}`), { force: true });
  }

  /** Holds an action of the hypervisor up, and lets it go on after a look at what is so right before it. */
  async before(action: string, start: () => Promise<unknown>, look: () => void): Promise<void> {
    this.trouble(`hold-${action}.reached`, false);
    this.trouble(`hold-${action}`);
    await start();
    const isReached = () => existsSync(this.#file(`trouble/hold-${action}.reached`));
    await until(`${action} on ${this.name} is about to begin`, isReached);
    look();
    this.trouble(`hold-${action}`, false);
  }

  /** Nobody reaches the host any more, and its guests are gone. */
  lose(): void {
    this.trouble("lost");
    for (const guest of this.guests()) rmSync(this.#file(`guests/${guest}`));
  }

  /** Ends all trouble. */
  calm(): void {
    for (const kind of readdirSync(this.#file("trouble"))) rmSync(this.#file(`trouble/${kind}`), { force: true });
  }

  /** What the hooks wrote into their logs here. */
  log(): string {
    const folder = join(HOSTS, this.name, "log");
    return readdirSync(folder)
      .filter((file) => file.startsWith("scw-flexip-"))
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
  }

  #file(name: string): string {
    return join(HOSTS, this.name, "lib/rig", name);
  }
}
