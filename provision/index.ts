// Entry point for Pulumi: settings → cloud → stack outputs.
import { declareCloud } from "./cloud.ts";
import { readPassword, readSettings } from "./settings.ts";

const settings = readSettings(new Date());
const cloud = declareCloud(settings, { one: readPassword("onePassword"), db: readPassword("dbPassword") });

/** Login name on every server. */
export const sshUser = cloud.sshUser;
/** Every server, the front-end first: name, addresses, id. */
export const hosts = cloud.hosts;
/** Flexible IPs of the setting flexibleIpCount. */
export const flexibleIps = cloud.flexibleIps;
/** Secret: hosts.yml for one-deploy. */
export const inventory = cloud.inventory;
/** Secret: group_vars/all.yml for one-deploy-validation. */
export const validation = cloud.validation;
/** Secret: what make specifics installs. */
export const driver = cloud.driver;
