// Settings for one API, and what OpenNebula would write on standard input.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ipamDocument, vmDocument } from "../documents.ts";
import { PROJECT } from "../rig.ts";
import { type Api, ATTACHED, FREE, SERVER } from "./api.ts";

/** Files for standard input, by what they hold. */
export type Inputs = Readonly<Record<"lease" | "publicVm" | "handWrittenVm" | "privateVm" | "nothing", string>>;

/** A settings file; `CA_FILE` in it is for the plain programs. */
export function writeSettings(folder: string, name: string, api: Api, caFile: string | undefined): string {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const file = (part: string, content: string): string => {
    writeFileSync(join(home, part), content);
    chmodSync(join(home, part), 0o600);
    return join(home, part);
  };
  const settings = {
    ZONE: api.zone,
    PROJECT_ID: PROJECT,
    API_URL: api.url,
    TOKEN_FILE: file("token", `${api.token}\n`),
    SERVER_ID_FILE: file("server-id", `${api.zone}/${SERVER}\n`),
    STATE_FILE: join(home, "state/state.json"),
    LOG_DIR: join(home, "log"),
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  file("plain.conf", [...text, ...(caFile === undefined ? [] : [`CA_FILE="${caFile}"\n`])].join(""));
  return file("scw-flexip.conf", text.join(""));
}

const base64 = (document: string): Buffer => Buffer.from(Buffer.from(document).toString("base64"));

const nic = (index: number, ip: string, mac: string): Record<string, string> => ({
  AR_ID: "0",
  BRIDGE: `br${index}`,
  IP: ip,
  MAC: mac,
  NETWORK_ID: String(index),
  NIC_ID: String(index),
  TARGET: `one-42-${index}`,
  VN_MAD: "bridge",
});
const PRIVATE = nic(0, "192.168.150.20", "02:00:c0:a8:96:14");

const GET_ADDRESS = base64(
  ipamDocument(
    {
      AR_ID: "0",
      IPAM_MAD: "scw-flexip",
      TYPE: "IP4",
      IP: FREE.ip,
      MAC: FREE.mac,
      SIZE: "1",
      SCW_FLEXIBLE_IP_ID: FREE.id,
      EXTERNAL_IP: FREE.ip,
    },
    { SIZE: "1" },
  ),
);
/** A VM with a private NIC and one whose address is attached already. */
const PUBLIC_VM = base64(
  vmDocument([
    PRIVATE,
    { ...nic(1, ATTACHED.ip, ATTACHED.mac), EXTERNAL_IP: ATTACHED.ip, SCW_FLEXIBLE_IP_ID: ATTACHED.id },
  ]),
);
/** The same with a NIC of a hand-written range: its address must be looked for on all pages. */
const HAND_WRITTEN_VM = base64(vmDocument([PRIVATE, nic(1, ATTACHED.ip, ATTACHED.mac)]));
const PRIVATE_VM = base64(vmDocument([PRIVATE]));

export function writeInputs(folder: string): Inputs {
  const file = (name: string, content: Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  return {
    lease: file("lease", GET_ADDRESS),
    publicVm: file("public-vm", PUBLIC_VM),
    handWrittenVm: file("hand-written-vm", HAND_WRITTEN_VM),
    privateVm: file("private-vm", PRIVATE_VM),
    nothing: file("nothing", Buffer.alloc(0)),
  };
}
