// VMs, NICs and hosts that have nothing to do with Scaleway never notice the driver.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { deflateSync } from "node:zlib";
import { Cloud } from "../cloud.ts";
import { look } from "../rpc.ts";
import { scenesOn } from "../stage.ts";
import { until } from "../until.ts";

const MONITOR_PORT = 4124;
const LARGE = `NOTES="${"x".repeat(800 * 1_024)}"`;
/** A host on which scw-flexip was never installed. */
const unprepared = (cloud: Cloud) => cloud.addHost("h3", { hasServer: false });

const scene = scenesOn(() => Cloud.start());

scene("a private VM with 800 KiB of user template lives on a host that nobody prepared", async (cloud) => {
  const host = await unprepared(cloud);
  const inner = await cloud.inner();
  cloud.simulator.clearRequests();
  const vm = await cloud.createVm([inner], LARGE);
  await vm.deploy("h3");
  const nic = await vm.attach(inner);
  await vm.detach(nic);
  await vm.terminate();
  assert.deepEqual(cloud.simulator.calls(), []);
  assert.equal(host.log(), "");
});

scene("NICs without flexible IP, private, public and of another driver, need nothing of a host", async (cloud) => {
  await unprepared(cloud);
  const networks = [
    await cloud.inner(),
    await cloud.addNetwork("other public", 'AR=[TYPE="IP4", IP="198.51.100.10", SIZE="5"]'),
    await cloud.addNetwork("other driver", 'AR=[TYPE="IP4", IP="198.51.100.50", SIZE="5"]', "dummy"),
  ];
  for (const host of ["h3", "h1"]) {
    const vm = await cloud.createVm(networks);
    await vm.deploy(host);
    await vm.powerOff();
    await vm.resume();
    await vm.terminate();
  }
});

scene("a flexible IP boots no guest on a host without server id, and the VM's log says why", async (cloud) => {
  await unprepared(cloud);
  const { network, address } = await cloud.publicNetwork("unprepared");
  const vm = await cloud.createVm([network]);
  await vm.deployInVain("h3");
  assert.match(vm.log(), /server.?id|token/i);
  assert.equal(cloud.whereIs(address), "free");
  await vm.terminate();
});

scene("with a token that nobody may use, private VMs live on, and a public one's end does not fail", async (cloud) => {
  const { network, vm } = await cloud.publicGuest("denied");
  cloud.simulator.account.deny();
  const other = await cloud.createVm([await cloud.inner()]);
  await other.deploy("h1");
  await other.terminate();
  await vm.terminate();
  assert.deepEqual(await cloud.leases(network), {});
});

scene("an address and a MAC that somebody else typed bring him nothing, and the guest keeps them", async (cloud) => {
  const { range, address, vm } = await cloud.publicGuest("theirs");
  const typed = `AR=[TYPE="IP4", IP="${address}", MAC="${range.text("MAC")}", SIZE="1"]`;
  const other = await cloud.createVm([await cloud.addNetwork("typed", typed)]);
  await other.do("deploy", "h2");
  await until("it runs or not", async () => (await other.is("running")) || (await other.is("boot failure")));
  await cloud.simulator.account.settled();
  assert.equal(cloud.whereIs(address), "h1");
  await other.terminate();
  await cloud.simulator.account.settled();
  assert.equal(cloud.whereIs(address), "h1");
  await vm.terminate();
});

scene("a tenant cannot write another address's intent or ids into a network of his own", async (cloud) => {
  const { range } = await cloud.publicNetwork("whose intent is seen");
  const own = await cloud.addNetwork("of a tenant");
  await cloud.oned.run("oneuser", "create", "tenant", "not-a-secret");
  await cloud.oned.run("onevnet", "chown", own.name, "tenant");
  const asTenant = ["--append", "--user", "tenant", "--password", "not-a-secret"];
  const write = (name: string) => {
    const text = cloud.file(`${name}="${range.text("SCW_FLEXIP_INTENT")}"`);
    return cloud.oned.try("onevnet", "update", own.name, text, ...asTenant);
  };
  assert.equal((await write("OF_HIS_OWN")).code, 0);
  for (const name of ["SCW_FLEXIP_INTENT", "SCW_FLEXIBLE_IP_ID", "SCW_FLEXIBLE_IP6_ID", "EXTERNAL_IP"]) {
    assert.match((await write(name)).stderr, /restricted attribute/, name);
  }
});

scene("a private NIC and a PCI NIC come and go, and the public NIC serves on, whatever libvirt says", async (cloud) => {
  const { address, vm } = await cloud.publicGuest("beside others");
  const inner = await cloud.inner();
  const serves = async () => {
    await cloud.simulator.account.settled();
    assert.equal(cloud.whereIs(address), "h1");
  };
  const nic = await vm.attach(inner);
  await serves();
  await vm.detach(nic);
  await serves();
  await reportPciDevice(cloud, "h1");
  const pci = await vm.attach(inner, "--pci", "01:00.0");
  await serves();
  cloud.host("h1").trouble("virsh-fails");
  await vm.detach(pci);
  await serves();
  await vm.terminate();
});

/** Tells OpenNebula's monitor of a network card with virtual functions, as the host's probes do, and waits until it knows it. */
async function reportPciDevice(cloud: Cloud, host: string): Promise<void> {
  const { id } = cloud.host(host);
  const report = `HYPERVISOR="kvm"
TOTALCPU="800"
TOTALMEMORY="16777216"
PCI=[VENDOR="8086", DEVICE="154c", CLASS="0200", TYPE="8086:154c:0200", ADDRESS="0000:01:00.0",
  SHORT_ADDRESS="01:00.0", DOMAIN="0000", BUS="01", SLOT="00", FUNCTION="0"]
`;
  const packed = deflateSync(report).toString("base64");
  const socket = createSocket("udp4");
  const message = `SYSTEM_HOST SUCCESS ${id} ${Math.floor(Date.now() / 1_000)} ${packed}`;
  socket.send(message, MONITOR_PORT, "127.0.0.1", () => socket.close());
  const devices = async () => (await look(cloud.oned.url, "one.host.info", id)).all("HOST_SHARE/PCI_DEVICES/PCI");
  await until(`${host} has the device`, async () => (await devices()).length > 0);
}
