// A KVM host without a machine: folders that `ssh` binds over those of this machine, and guests that are files.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { idIn, type Oned } from "./oned.ts";
import { runCommand } from "./run-command.ts";

const EXECUTABLE = "/var/tmp/one/ipam/scw-flexip/scw-flexip";
const LOGS = ["pre", "post", "clean"];

export type HostOptions = {
  readonly oned: Oned;
  readonly rig: string;
  readonly name: string;
  readonly serverId: string;
  /** `zone/uuid` of its server; undefined: a host that nobody told. */
  readonly server: string | undefined;
  readonly tokenFile: string;
};

export class Host {
  readonly name: string;
  readonly serverId: string;
  /** Its number in OpenNebula. */
  id = -1;
  readonly #home: string;

  constructor(home: string, name: string, serverId: string) {
    this.#home = home;
    this.name = name;
    this.serverId = serverId;
  }

  /** A host with the remotes tree and, unless it has no server, what `scw-flexip install --host` puts there. */
  static async add({ oned, rig, name, serverId, server, tokenFile }: HostOptions): Promise<Host> {
    const home = join(rig, "hosts", name);
    const host = new Host(home, name, serverId);
    if (!existsSync(home)) {
      for (const folder of ["tmp", "lib/rig/guests", "lib/rig/fail", "lib/rig/hold", "log", "var"]) {
        mkdirSync(join(home, folder), { recursive: true });
      }
      // An address that no interface of this machine has: what tells a host that another one is meant.
      appendFileSync("/etc/hosts", `198.18.0.${readdirSync(join(rig, "hosts")).length} ${name}\n`);
      await host.sync(oned);
      const install = `${EXECUTABLE} install --host --one-location ${oned.location} --token-file ${tokenFile}`;
      // Exit code 3: there is no user oneadmin here.
      if (server !== undefined) await oned.run("ssh", name, `${install} --server-id ${server} || [ $? = 3 ]`);
    }
    host.id = idIn(await oned.run("onehost", "create", name, "-i", "dummy", "-v", "kvm"));
    return host;
  }

  /** What `onehost sync -f` does, which refuses to run as root. Hard links: a host only reads its tree. */
  async sync(oned: Oned): Promise<void> {
    rmSync(join(this.#home, "tmp"), { recursive: true });
    const copy = ["cp", "--recursive", "--dereference", "--link"];
    await runCommand([...copy, join(oned.folder, "var/remotes"), join(this.#home, "tmp")], { env: oned.environment });
  }

  /** The names of the guests that run here. */
  guests(): string[] {
    return readdirSync(this.#file("guests"));
  }

  /** Lets an action of the hypervisor fail (`migrate`), until it may succeed again. */
  fail(action: string, isFailing = true): void {
    this.#flag(`fail/${action}`, isFailing);
  }

  /** Holds an action of the hypervisor up (`migrate`), until it may go on. */
  hold(action: string, isHeld = true): void {
    this.#flag(`hold/${action}`, isHeld);
  }

  /** Whether the action that is held up has begun. */
  isHeld(action: string): boolean {
    return existsSync(this.#file(`hold/${action}.reached`));
  }

  /** virsh answers nothing that helps. */
  breakVirsh(isBroken = true): void {
    this.#flag("virsh-fails", isBroken);
  }

  /** Nobody reaches the host any more, and its guests are gone. */
  lose(isLost = true): void {
    const mark = join(this.#home, "lost");
    if (!isLost) rmSync(mark, { force: true });
    else writeFileSync(mark, "");
    for (const guest of isLost ? this.guests() : []) rmSync(this.#file(`guests/${guest}`));
  }

  /** Takes back whatever a scene did to the host. */
  calm(): void {
    for (const folder of ["fail", "hold"]) {
      for (const flag of readdirSync(this.#file(folder))) rmSync(this.#file(`${folder}/${flag}`), { force: true });
    }
    this.breakVirsh(false);
    this.lose(false);
  }

  /** What the hooks wrote into their logs here. */
  log(): string {
    return LOGS.map((hook) => join(this.#home, "log", `scw-flexip-${hook}.log`))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, "utf8"))
      .join("");
  }

  #flag(name: string, isSet: boolean): void {
    if (isSet) writeFileSync(this.#file(name), "");
    else rmSync(this.#file(name), { force: true });
  }

  #file(name: string): string {
    return join(this.#home, "lib/rig", name);
  }
}
