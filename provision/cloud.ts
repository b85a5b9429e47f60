// The whole cloud: settings → components → what the later steps need.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import { bucketUrl } from "./backup/objects.ts";
import { lookUpCatalogue } from "./catalogue.ts";
import { renderDriverConfig } from "./driver-config.ts";
import { DriverCredential } from "./driver-credential.ts";
import { ElasticMetalServer } from "./elastic-metal-server.ts";
import { formerly } from "./former-names.ts";
import { renderHardening } from "./hardening/host-files.ts";
import { renderInventory, renderPublicNetwork } from "./inventory.ts";
import { PrivateNetworks } from "./private-network.ts";
import type { Settings } from "./settings.ts";
import { FRONTEND } from "./settings-schema.ts";
import { renderValidation } from "./validation.ts";

export type CloudPasswords = { readonly one: pulumi.Output<string>; readonly db: pulumi.Output<string> };

/** Declares every resource of the cloud. */
export function declareCloud(settings: Settings, passwords: CloudPasswords) {
  const tags = ["hosted-cloud", `cloud=${settings.namePrefix}`, "managed-by=pulumi"];
  const servers = declareServers(settings, tags);
  const hosts = pulumi.all(
    servers.map(({ name, publicIp, privateIp, serverId, layout }) =>
      pulumi.output({ name, publicIp, privateIp, serverId, layout }),
    ),
  );
  return {
    sshUser: settings.sshUser,
    zone: settings.zone,
    /** The front-end first. */
    hosts,
    inventory: pulumi.all([hosts, passwords.one, passwords.db]).apply(([known, one, db]) =>
      // A secret, because the passwords are.
      renderInventory(settings, known, { one, db }),
    ),
    validation: renderValidation(settings),
    monitoring: settings.monitoring,
    hardening: { frontend: renderHardening(settings, true), worker: renderHardening(settings, false) },
    backup: settings.backupBucket === "" ? null : declareBackup(settings, servers.slice(0, 1), tags),
    driver: {
      ...declareTokens(settings, servers, tags),
      config: renderDriverConfig(settings),
      publicAddressCount: settings.publicAddressCount,
      publicNetwork: renderPublicNetwork(settings),
    },
  };
}

function declareServers(settings: Settings, tags: string[]): ElasticMetalServer[] {
  const { namePrefix, projectId } = settings;
  const networks = new PrivateNetworks(settings, tags);
  const key = new scw.iam.SshKey(
    "operator",
    { name: namePrefix, publicKey: settings.sshPublicKey.trim(), projectId },
    formerly(namePrefix, "scaleway:iam/sshKey:SshKey"),
  );
  const common = { settings, catalogue: lookUpCatalogue(settings), networks, sshKeyId: key.id, tags };
  return [FRONTEND, ...settings.workers].map((name) => new ElasticMetalServer(name, common));
}

/** Front-end and hosts have keys of their own, because each can then be revoked alone. */
function declareTokens(settings: Settings, servers: readonly ElasticMetalServer[], tags: string[]) {
  const [frontend, workers] = [servers.slice(0, 1), servers.slice(1)];
  const { driverPermissionSets: permissionSets, projectId } = settings;
  const credential = (name: string, purpose: string, users: readonly ElasticMetalServer[]) => {
    const usedFrom = users.map(({ publicIp }) => publicIp);
    return new DriverCredential(`driver-${name}`, { settings, purpose, permissionSets, projectId, usedFrom, tags });
  };
  return {
    frontendToken: credential("frontend", "scw-flexip on the front-end", frontend).secretKey,
    hostsToken: credential("hosts", "scw-flexip on the KVM hosts", workers.length > 0 ? workers : frontend).secretKey,
  };
}

/** A key that may write into the bucket for backups, and may neither read nor delete there. */
function declareBackup(settings: Settings, [frontend]: readonly ElasticMetalServer[], tags: string[]) {
  const { accessKey, secretKey } = new DriverCredential("backup", {
    settings,
    purpose: "backup of the front-end",
    permissionSets: ["ObjectStorageObjectsWrite"],
    projectId: settings.backupProjectId,
    usedFrom: frontend === undefined ? [] : [frontend.publicIp],
    tags,
  });
  const { region, backupBucket: bucket, backupProjectId: projectId, backupRecipient: recipient } = settings;
  return { url: bucketUrl(bucket, region), region, projectId, recipient, accessKey, secretKey };
}
