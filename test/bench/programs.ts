// What is timed: the executable's actions, the floor below them, and plain programs that make the same calls.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ipamDocument, vmDocument } from "../documents.ts";
import { REPOSITORY } from "../rig.ts";
import { ATTACHED, FREE } from "./api.ts";

export type Program = {
  readonly name: string;
  readonly file: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The file for its standard input. */
  readonly input: string;
};

/** Settings files by the API that they name: with 10 flexible IPs; 65 ms away; with 5,000; over TLS. */
export type Settings = Readonly<Record<"http" | "far" | "many" | "tls", string>>;

/** All programs, in the order of the page. The floor is the first. */
export function programsOf(folder: string, executable: string, floor: string, settings: Settings, certFile: string) {
  const { lease, publicVm, handWrittenVm, privateVm, nothing } = writeInputs(folder);
  const { http, far, many, tls } = settings;
  const driver = (name: string, words: readonly string[], input: string, conf = http): Program => {
    const trusted = conf === tls ? { NODE_EXTRA_CA_CERTS: certFile } : {};
    const environment = { SCW_FLEXIP_CONF: conf, SCW_FLEXIP_LOG_LEVEL: "info", ...trusted };
    return { name, file: executable, words, environment, input };
  };
  const plain = (name: string, script: string, input: string, conf = http): Program => {
    const file = join(REPOSITORY, "test/bench/sh", script);
    return { name, file, words: [conf], environment: { CURL_CA_BUNDLE: certFile }, input };
  };
  const get = ["get_address", "7"];
  const all: readonly Program[] = [
    { name: "floor", file: floor, words: [], environment: {}, input: nothing },
    driver("hook, VM without a public NIC", ["pre"], privateVm),
    driver("get_address", get, lease),
    driver("pre", ["pre"], publicVm),
    driver("get_address, TLS", get, lease, tls),
    driver("pre, TLS", ["pre"], publicVm, tls),
    driver("get_address, API 65 ms away", get, lease, far),
    driver("get_address, 5,000 flexible IPs", get, lease, many),
    driver("pre, 5,000 flexible IPs", ["pre"], publicVm, many),
    driver("pre, NIC of a hand-written range: all pages of 10 flexible IPs", ["pre"], handWrittenVm),
    driver("the same with 5,000", ["pre"], handWrittenVm, many),
    { ...driver("get_address through its shim", ["7"], lease), file: join(dirname(executable), "get_address") },
    plain("sh, VM without a public NIC", "pre.sh", privateVm),
    plain("sh, get_address field by field", "get-address.sh", lease),
    plain("sh, pre field by field", "pre.sh", publicVm),
    plain("sh, get_address field by field, TLS", "get-address.sh", lease, tls),
    plain("sh, pre field by field, TLS", "pre.sh", publicVm, tls),
    plain("sh, one process for each tool", "get-address-dense.sh", lease),
  ];
  return all;
}

/** What OpenNebula would write on standard input. */
function writeInputs(folder: string) {
  const file = (name: string, document: string): string => {
    writeFileSync(join(folder, name), Buffer.from(document).toString("base64"));
    return join(folder, name);
  };
  const { id, ip: IP, mac: MAC } = FREE;
  const range = { AR_ID: "0", IPAM_MAD: "scw-flexip", TYPE: "IP4", IP, MAC, SIZE: "1" };
  const own = { NIC_ID: "0", BRIDGE: "br0", VN_MAD: "bridge", IP: "192.168.150.20", MAC: "02:00:c0:a8:96:14" };
  const handWritten = { ...own, NIC_ID: "1", BRIDGE: "br1", IP: ATTACHED.ip, MAC: ATTACHED.mac };
  return {
    lease: file("lease", ipamDocument({ ...range, SCW_FLEXIBLE_IP_ID: id, EXTERNAL_IP: IP }, { SIZE: "1" })),
    // A private NIC, and one whose address is attached already.
    publicVm: file(
      "public-vm",
      vmDocument([own, { ...handWritten, EXTERNAL_IP: ATTACHED.ip, SCW_FLEXIBLE_IP_ID: ATTACHED.id }]),
    ),
    // Its address must be looked for on all pages.
    handWrittenVm: file("hand-written-vm", vmDocument([own, handWritten])),
    privateVm: file("private-vm", vmDocument([own])),
    nothing: file("nothing", ""),
  };
}
