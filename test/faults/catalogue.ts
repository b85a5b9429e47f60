// All kinds of faults, and all ways through all actions and hooks.
import { API_FAULTS } from "./api-faults.ts";
import { CRASHES } from "./crashes.ts";
import { DISK_FAULTS } from "./disk.ts";
import { FRONT_END_FAULTS } from "./front-ends.ts";
import { HOOK_PATHS } from "./hook-paths.ts";
import { IPAM_PATHS } from "./ipam-paths.ts";
import type { Kind } from "./kind.ts";
import { MACHINE_FAULTS } from "./machine.ts";
import { NETWORK_FAULTS } from "./network.ts";
import type { Path } from "./path.ts";
import { TENANTS } from "./tenants.ts";

export const KINDS: readonly Kind[] = [
  ...CRASHES,
  ...API_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...MACHINE_FAULTS,
  ...FRONT_END_FAULTS,
  ...TENANTS,
];

export const PATHS: readonly Path[] = [...IPAM_PATHS, ...HOOK_PATHS];
