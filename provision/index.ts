// Entry point for Pulumi: settings → cloud → stack outputs.
import { declareCloud } from "./cloud.ts";
import { readPassword, readSettings } from "./settings.ts";

const settings = readSettings(new Date());
const cloud = declareCloud(settings, { one: readPassword("onePassword"), db: readPassword("dbPassword") });

/** Login name on every server. */
export const sshUser = cloud.sshUser;
/** The zone of every server. */
export const zone = cloud.zone;
/** Every server, the front-end first: name, addresses, id, layout of its network. */
export const hosts = cloud.hosts;
/** Secret: hosts.yml for one-deploy. */
export const inventory = cloud.inventory;
/** Variables for one-deploy-validation. */
export const validation = cloud.validation;
/** Secret: what make specifics installs. */
export const driver = cloud.driver;
/** Secret: where make backup keeps the front-end, when a bucket is set. */
export const backup = cloud.backup;
/** Firewall and files that make hardening gives to front-end and workers. */
export const hardening = cloud.hardening;
/** Whether make monitoring has something to do. */
export const monitoring = cloud.monitoring;
