// What each setting is for: in the settings file, in the documents and in the man page.
import type { Key } from "../driver/settings.ts";

/** In the order of the pages. */
export const SETTING_TEXTS: Readonly<Record<Key, string>> = {
  ZONE: "Zone of the Elastic Metal servers and of their flexible IPs. You must set it.",
  PROJECT_ID: "Scaleway project that pays for the flexible IPs. You must set it.",
  CLOUD:
    "Name of this OpenNebula in the tags of its flexible IPs. Two OpenNebulas in one project need two names, because each touches only flexible IPs with its own name.",
  TOKEN_FILE:
    "File with the secret key of a Scaleway API key. It must belong to oneadmin, have mode 0600, and be outside the remotes tree, which is copied to every host.",
  SERVER_ID_FILE: "File that says which server a host is, as zone/uuid. Only hosts need it.",
  STATE_FILE:
    "Journal of creations under way, on the front-end only. If it is lost, no address is lost. Each front-end needs its own.",
  LOG_DIR: "Folder of the logs. Empty: /var/log/one for the IPAM actions, /var/log/vnm for the hooks.",
  LOG_LEVEL: "debug, info, warn or error.",
  NETWORK_MASK: "Netmask of guests. NETWORK_MASK of an address range wins over it.",
  GATEWAY: "Gateway of guests. GATEWAY of an address range wins over it.",
  DNS: "Resolvers of guests, with a space between. Empty: Scaleway's resolvers of the zone. DNS of an address range wins over it.",
  MAC_TYPE: "Kind of virtual MAC: kvm, xen or vmware.",
  TIMEOUT:
    "Seconds that an IPAM action may take, 5 to 85. oned gives up after 90, its queue included. A lease takes 5 at most, whatever this says.",
  HOOK_TIMEOUT:
    "Seconds that a hook may take, 5 to 3600. A server attaches one address after the other: three took 43 seconds, a full server of 64 takes a quarter of an hour.",
  API_URL: "The API: https, or http to a loopback address only.",
  PRICE_MONTH: "Price of one flexible IP a month, in the account's currency, for metrics and pool. Empty: not known.",
};
