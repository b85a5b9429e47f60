// Component: one Elastic Metal server of the cloud, the front-end or a KVM host, with its booked private addresses.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import type { Catalogue } from "./catalogue.ts";
import { applyHostNetwork, type HostLayout } from "./host-network/command.ts";
import { prefixLengthOf } from "./ipv4-network.ts";
import type { PrivateNetworks } from "./private-network.ts";
import type { Settings } from "./settings.ts";

export type ElasticMetalServerArgs = {
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly networks: PrivateNetworks;
  readonly sshKeyId: pulumi.Input<string>;
  readonly tags: readonly string[];
  /** Guards against deletion, by this stack and through the API. */
  readonly isProtected: boolean;
};

/** A server with its image, both private networks, and the network layout that OpenNebula needs. */
export class ElasticMetalServer extends pulumi.ComponentResource {
  /** `zone/uuid`. */
  readonly serverId: pulumi.Output<string>;
  readonly publicIp: pulumi.Output<string>;
  /** In the network between hosts. */
  readonly privateIp: pulumi.Output<string>;

  constructor(name: string, args: ElasticMetalServerArgs, options: pulumi.ComponentResourceOptions) {
    super("hosted-cloud:index:ElasticMetalServer", name, {}, options);
    const { settings, networks } = args;
    const hostToHost = this.bookAddress(`${name}-hosttohost`, networks.hostToHostId, args);
    const vmToVm = this.bookAddress(`${name}-vmtovm`, networks.vmToVmId, args);
    const server = this.orderServer(name, { hostToHost, vmToVm }, args);
    this.serverId = server.id;
    this.publicIp = server.ipv4s.apply((addresses) => present(addresses[0]?.address, `public IPv4 of server ${name}`));
    this.privateIp = hostToHost.address;
    const layout: pulumi.Output<HostLayout> = pulumi
      .all([hostToHost.address, vmToVm.address, server.privateNetworks, networks.hostToHostId, networks.vmToVmId])
      .apply(([hostToHostIp, vmToVmIp, attached, hostToHostId, vmToVmId]) => ({
        hosttohost: {
          vlan: vlanOf(attached, hostToHostId, name),
          address: `${hostToHostIp}/${prefixLengthOf(settings.privateSubnet)}`,
        },
        vmtovm: {
          vlan: vlanOf(attached, vmToVmId, name),
          address: `${vmToVmIp}/${prefixLengthOf(settings.vmtovmSubnet)}`,
        },
      }));
    const target = { name, host: this.publicIp, user: settings.sshUser, zone: settings.zone };
    applyHostNetwork(name, { target, layout, serverId: server.id }, { parent: this, dependsOn: [server] });
    this.registerOutputs({ serverId: this.serverId, publicIp: this.publicIp, privateIp: this.privateIp });
  }

  /** An address known before the server is ordered, so that nothing has to be looked up afterwards. */
  private bookAddress(name: string, networkId: pulumi.Output<string>, args: ElasticMetalServerArgs): scw.ipam.Ip {
    const { projectId, region } = args.settings;
    const sources = [{ privateNetworkId: networkId }];
    return new scw.ipam.Ip(name, { sources, isIpv6: false, projectId, region, tags: [...args.tags] }, { parent: this });
  }

  private orderServer(
    name: string,
    addresses: { readonly hostToHost: scw.ipam.Ip; readonly vmToVm: scw.ipam.Ip },
    { settings, catalogue, networks, sshKeyId, tags, isProtected }: ElasticMetalServerArgs,
  ): scw.elasticmetal.Server {
    const fullName = `${settings.namePrefix}-${name}`;
    return new scw.elasticmetal.Server(
      name,
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
        protected: isProtected,
        reinstallOnConfigChanges: false,
        tags: [...tags],
      },
      // A changed image id would reinstall the machine and lose its data.
      { parent: this, protect: isProtected, ignoreChanges: ["os"] },
    );
  }
}

type Attachment = { readonly id: string; readonly vlan: number };

function vlanOf(attached: readonly Attachment[] | undefined, networkId: string, name: string): number {
  const found = attached?.find(({ id }) => bareId(id) === bareId(networkId));
  return present(found?.vlan, `VLAN of private network ${bareId(networkId)} on server ${name}`);
}

/** The same id comes with and without its region in front. */
function bareId(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function present<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw new pulumi.RunError(`Scaleway gave no ${what}; run: pulumi refresh, then make up`);
}
