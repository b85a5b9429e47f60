// What OpenNebula runs the executable for, in its own words.

export const IPAM_ACTIONS = [
  "register_address_range",
  "unregister_address_range",
  "get_address",
  "allocate_address",
  "free_address",
] as const;

export const HOOKS = ["pre", "post", "clean"] as const;

export type IpamAction = (typeof IPAM_ACTIONS)[number];
export type Hook = (typeof HOOKS)[number];
