// All kinds of faults.
import { API_FAULTS } from "./api-faults.ts";
import { CRASHES } from "./crashes.ts";
import { DISK_FAULTS } from "./disk.ts";
import { JOURNAL_FAULTS } from "./journal-faults.ts";
import type { Kind, SceneKind } from "./kind.ts";
import { MACHINE_FAULTS } from "./machine.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { SCENES } from "./scenes.ts";
import { STREAM_FAULTS } from "./streams.ts";
import { TENANTS } from "./tenants.ts";

export const KINDS: readonly (Kind | SceneKind)[] = [
  ...CRASHES,
  ...API_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...MACHINE_FAULTS,
  ...JOURNAL_FAULTS,
  ...STREAM_FAULTS,
  ...SCENES,
  ...TENANTS,
];
