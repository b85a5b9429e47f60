// The network interfaces of this machine. Node's own list leaves out interfaces without an IP address.
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = "/sys/class/net";

/** Name and MAC of each interface; an interface that vanishes meanwhile is left out. */
export function readInterfaces(): { readonly name: string; readonly mac: string }[] {
  return namesIn(FOLDER).flatMap((name) => {
    const mac = textOf(`${FOLDER}/${name}/address`);
    return mac === undefined ? [] : [{ name, mac: mac.toLowerCase() }];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
