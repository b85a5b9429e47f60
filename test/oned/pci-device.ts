// A network card with virtual functions, as a host's probes report it to OpenNebula's monitor.
import { createSocket } from "node:dgram";
import { deflateSync } from "node:zlib";
import type { Cloud } from "./cloud.ts";
import { look } from "./rpc.ts";
import { templateText } from "./template.ts";
import { until } from "./until.ts";

const MONITOR_PORT = 4124;

/** Tells OpenNebula of one device of the host, and waits until it knows it. */
export async function reportPciDevice(cloud: Cloud, host: string, address: string): Promise<void> {
  const [domain = "", bus = "", slot = "", fn = ""] = address.split(/[:.]/);
  const device = {
    VENDOR: "8086",
    DEVICE: "154c",
    CLASS: "0200",
    TYPE: "8086:154c:0200",
    ADDRESS: address,
    SHORT_ADDRESS: address.slice(domain.length + 1),
    DOMAIN: domain,
    BUS: bus,
    SLOT: slot,
    FUNCTION: fn,
  };
  const id = cloud.host(host).id;
  const report = deflateSync(
    templateText([
      ["HYPERVISOR", "kvm"],
      ["TOTALCPU", "800"],
      ["TOTALMEMORY", "16777216"],
      ["PCI", device],
    ]),
  );
  const message = `SYSTEM_HOST SUCCESS ${id} ${Math.floor(Date.now() / 1_000)} ${report.toString("base64")}`;
  const socket = createSocket("udp4");
  socket.send(message, MONITOR_PORT, "127.0.0.1", () => socket.close());
  const devices = async () => (await look(cloud.oned.url, "one.host.info", id)).all("HOST_SHARE/PCI_DEVICES/PCI");
  await until(`${host} has the device ${address}`, async () => (await devices()).length > 0 || undefined);
}
