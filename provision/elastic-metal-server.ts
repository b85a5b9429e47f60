// Component: one Elastic Metal server of the cloud, the front-end or a KVM host, with its booked private addresses.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import type { Catalogue } from "./catalogue.ts";
import { formerly, formerMachine } from "./former-names.ts";
import type { HostLayout } from "./host-network/netplan.ts";
import { prefixLengthOf } from "./ipv4-network.ts";
import type { PrivateNetworks } from "./private-network.ts";
import type { Settings } from "./settings.ts";

const TYPE = "hosted-cloud:index:ElasticMetalServer";

export type ElasticMetalServerArgs = {
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly networks: PrivateNetworks;
  readonly sshKeyId: pulumi.Input<string>;
  readonly tags: string[];
};

/** A server with its image, both private networks and its addresses in them. */
export class ElasticMetalServer extends pulumi.ComponentResource {
  readonly name: string;
  /** `zone/uuid`. */
  readonly serverId: pulumi.Output<string>;
  readonly publicIp: pulumi.Output<string>;
  /** In the network between hosts. */
  readonly privateIp: pulumi.Output<string>;
  /** What make network gives the host. */
  readonly layout: pulumi.Output<HostLayout>;

  constructor(name: string, args: ElasticMetalServerArgs) {
    super(TYPE, name, {}, formerly(formerMachine(name), TYPE));
    this.name = name;
    const { settings, networks } = args;
    // Guards against deletion, by this stack and through the API.
    const protect = !settings.unprotected.includes(name);
    const hostToHost = this.bookAddress("hosttohost", networks.hostToHostId, args, protect);
    const vmToVm = this.bookAddress("vmtovm", networks.vmToVmId, args, protect);
    const server = this.orderServer({ hostToHost, vmToVm }, args, protect);
    this.serverId = server.id;
    this.publicIp = server.ipv4s.apply((addresses) => present(addresses[0]?.address, `public IPv4 of server ${name}`));
    this.privateIp = hostToHost.address;
    const vlan = (networkId: pulumi.Output<string>, address: pulumi.Output<string>, subnet: string) =>
      pulumi.all([server.privateNetworks, networkId, address]).apply(([attached, id, ip]) => ({
        vlan: vlanOf(attached, id, name),
        address: `${ip}/${prefixLengthOf(subnet)}`,
      }));
    this.layout = pulumi.output({
      hosttohost: vlan(networks.hostToHostId, hostToHost.address, settings.privateSubnet),
      vmtovm: vlan(networks.vmToVmId, vmToVm.address, settings.vmtovmSubnet),
    });
    this.registerOutputs();
  }

  /** An address known before the server is ordered. */
  private bookAddress(
    purpose: string,
    privateNetworkId: pulumi.Output<string>,
    { settings: { projectId, region }, tags }: ElasticMetalServerArgs,
    protect: boolean,
  ): scw.ipam.Ip {
    return new scw.ipam.Ip(
      `${this.name}-${purpose}`,
      { sources: [{ privateNetworkId }], isIpv6: false, projectId, region, tags },
      { parent: this, protect, ...formerly(`${formerMachine(this.name)}-${purpose}`, TYPE, "scaleway:ipam/ip:Ip") },
    );
  }

  private orderServer(
    addresses: { readonly hostToHost: scw.ipam.Ip; readonly vmToVm: scw.ipam.Ip },
    { settings, catalogue, networks, sshKeyId, tags }: ElasticMetalServerArgs,
    protect: boolean,
  ): scw.elasticmetal.Server {
    const fullName = `${settings.namePrefix}-${this.name}`;
    return new scw.elasticmetal.Server(
      this.name,
      {
        name: fullName,
        hostname: fullName,
        zone: settings.zone,
        projectId: settings.projectId,
        offer: catalogue.offerId,
        os: catalogue.osId,
        sshKeyIds: [sshKeyId],
        options: [{ id: catalogue.privateNetworkOptionId }],
        privateNetworks: [
          { id: networks.hostToHostId, ipamIpIds: [addresses.hostToHost.id] },
          { id: networks.vmToVmId, ipamIpIds: [addresses.vmToVm.id] },
        ],
        protected: protect,
        reinstallOnConfigChanges: false,
        // Scaleway itself adds PrivateNetwork to each server with that option.
        tags: [...tags, "PrivateNetwork"],
      },
      {
        parent: this,
        protect,
        // A changed image would reinstall the server and lose its data; a changed key never reaches it; Scaleway changes tags.
        ignoreChanges: ["os", "sshKeyIds", "tags"],
        ...formerly(formerMachine(this.name), TYPE, "scaleway:elasticmetal/server:Server"),
      },
    );
  }
}

type Attachment = { readonly id: string; readonly vlan: number };

/** The VLAN of a network on a server. Throws while Scaleway has given none. */
export function vlanOf(attached: readonly Attachment[] | undefined, networkId: string, name: string): number {
  const found = attached?.find(({ id }) => bareId(id) === bareId(networkId));
  // Half an order leaves 0.
  return present(found?.vlan || undefined, `VLAN of private network ${bareId(networkId)} on server ${name}`);
}

/** Scaleway writes the same id with and without its region in front. */
function bareId(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function present<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw new pulumi.RunError(`Scaleway gave no ${what}; run: make up`);
}
