// All ways through all actions and hooks.
import { HOOK_PATHS } from "./hook-paths.ts";
import { IPAM_PATHS } from "./ipam-paths.ts";
import type { Path } from "./path.ts";

export const PATHS: readonly Path[] = [...IPAM_PATHS, ...HOOK_PATHS];
