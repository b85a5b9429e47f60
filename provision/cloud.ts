// The whole cloud: settings → components → what the later steps need.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import { lookUpCatalogue } from "./catalogue.ts";
import { renderDriverConfig } from "./driver-config.ts";
import { DriverCredential } from "./driver-credential.ts";
import { ElasticMetalServer } from "./elastic-metal-server.ts";
import { FlexibleIp } from "./flexible-ip.ts";
import { type InventoryHost, renderInventory, renderPublicNetwork } from "./inventory.ts";
import { PrivateNetworks } from "./private-network.ts";
import type { Settings } from "./settings.ts";
import { renderValidation } from "./validation.ts";

export type CloudPasswords = { readonly one: pulumi.Output<string>; readonly db: pulumi.Output<string> };

// The validation attaches a second NIC to its VM.
const TEST_VM_ADDRESSES = 2;

/** Declares every resource of the cloud. */
export function declareCloud(settings: Settings, passwords: CloudPasswords) {
  const tags = ["hosted-cloud", `cloud=${settings.namePrefix}`, "managed-by=pulumi"];
  const { frontend, workers } = declareServers(settings, tags);
  const extraIps = Array.from(
    { length: settings.flexibleIpCount },
    (_, index) => new FlexibleIp(`flexible-ip-${padded(index + 1)}`, { ...placeOf(settings), tags }, {}),
  );
  const tokens = declareTokens(settings, frontend, workers, tags);
  const hosts = pulumi.all([
    asHost("fe", frontend),
    ...workers.map(({ number, server }) => asHost(`host${padded(number)}`, server)),
  ]);
  return {
    sshUser: settings.sshUser,
    /** The front-end first. */
    hosts,
    flexibleIps: pulumi.all(extraIps.map(({ address, mac }) => pulumi.output({ address, mac }))),
    inventory: inventoryOf(settings, hosts, passwords),
    validation: pulumi.secret(renderValidation(settings.publicAddressCount >= TEST_VM_ADDRESSES)),
    driver: pulumi.secret({
      ...tokens,
      config: renderDriverConfig(settings),
      publicAddressCount: settings.publicAddressCount,
      publicNetwork: renderPublicNetwork(settings),
    }),
  };
}

type Worker = { readonly number: number; readonly server: ElasticMetalServer };

function declareServers(settings: Settings, tags: readonly string[]) {
  const { namePrefix, projectId, protect, unprotectedWorkers } = settings;
  const networks = new PrivateNetworks(namePrefix, { ...placeOf(settings), ...subnetsOf(settings), tags }, {});
  const key = new scw.iam.SshKey(namePrefix, { name: namePrefix, publicKey: settings.sshPublicKey.trim(), projectId });
  const common = { settings, catalogue: lookUpCatalogue(settings), networks, sshKeyId: key.id, tags };
  const frontend = new ElasticMetalServer("fe", { ...common, isProtected: protect }, {});
  const workers = settings.workers.map((number): Worker => {
    const isProtected = protect && !unprotectedWorkers.includes(number);
    return { number, server: new ElasticMetalServer(`worker-${padded(number)}`, { ...common, isProtected }, {}) };
  });
  return { frontend, workers };
}

/** Front-end and hosts sign with keys of their own, so that one can be withdrawn alone. */
function declareTokens(
  settings: Settings,
  frontend: ElasticMetalServer,
  workers: readonly Worker[],
  tags: readonly string[],
) {
  const servers = {
    frontend: [frontend],
    hosts: workers.length > 0 ? workers.map(({ server }) => server) : [frontend],
  };
  const credential = (name: keyof typeof servers, purpose: string) => {
    const usedFrom = servers[name].map(({ publicIp }) => publicIp);
    return new DriverCredential(`driver-${name}`, { settings, purpose, usedFrom, tags }, {});
  };
  return {
    frontendToken: credential("frontend", "scw-flexip on the front-end").secretKey,
    hostsToken: credential("hosts", "scw-flexip on the KVM hosts").secretKey,
  };
}

type CloudHost = InventoryHost & { readonly serverId: string };

function asHost(name: string, { publicIp, privateIp, serverId }: ElasticMetalServer): pulumi.Output<CloudHost> {
  return pulumi.output({ name, publicIp, privateIp, serverId });
}

function inventoryOf(
  settings: Settings,
  hosts: pulumi.Output<readonly CloudHost[]>,
  { one, db }: CloudPasswords,
): pulumi.Output<string> {
  return pulumi.all([hosts, one, db]).apply(([[frontend, ...workers], onePassword, dbPassword]) => {
    if (frontend === undefined) throw new pulumi.RunError("the cloud has no front-end");
    return renderInventory(settings, frontend, workers, { one: onePassword, db: dbPassword });
  });
}

function placeOf({ projectId, region, zone }: Settings) {
  return { projectId, region, zone };
}

function subnetsOf({ privateSubnet, vmtovmSubnet }: Settings) {
  return { privateSubnet, vmtovmSubnet };
}

function padded(number: number): string {
  return String(number).padStart(2, "0");
}
