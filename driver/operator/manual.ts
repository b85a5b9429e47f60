// Everything that --help, the completions and the man page say.
import { RANGE_ADD, RANGE_LIST, RANGE_REMOVE, RECONCILE, REVERSE } from "./manual/repair.ts";
import { DOCTOR, INSTALL, UNINSTALL } from "./manual/setup.ts";
import type { CommandText } from "./manual/text.ts";
import { COMPLETION, HISTORY, LIST, LOGS, SHOW, STATUS } from "./manual/view.ts";
import { METRICS, POOL } from "./manual/watch.ts";

export const DESCRIPTION = `scw-flexip buys flexible IPs for the address ranges of OpenNebula's networks, attaches each one to the server where
its VM runs, moves it with the VM and gives it back with the range. oned and the network driver run its actions; the
commands are for the operator. When root runs a command that reads OpenNebula, the command becomes oneadmin first; other
users are refused.`;

export const COMMANDS: readonly CommandText[] = [
  INSTALL,
  UNINSTALL,
  DOCTOR,
  STATUS,
  LIST,
  SHOW,
  HISTORY,
  LOGS,
  RECONCILE,
  RANGE_LIST,
  RANGE_ADD,
  RANGE_REMOVE,
  REVERSE,
  POOL,
  METRICS,
  COMPLETION,
];

export const GROUPS: Readonly<Record<string, string>> = { range: "list, add and remove address ranges" };

export const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "done"],
  ["1", "failed, with one line on standard error; doctor: failures"],
  ["2", "wrong usage, or a fault of the program"],
  ["3", "done, and something needs attention: drift, warnings"],
  ["4", "not found, or refused: in use, or not ours"],
  ["130", "interrupted"],
];

export const ACTIONS = `IPAM actions, which oned runs on the front-end with base64 of IPAM_DRIVER_ACTION_DATA on standard input:
  register_address_range    obtain a flexible IP and its virtual MAC, print the address range
  unregister_address_range  give back what the range holds
  get_address               check the range's address, print it
  allocate_address          check the range's address
  free_address              end a lease; detaches nothing

Hooks, which the bridge network driver runs on the host with base64 of the VM's XML on standard input:
  pre                       attach what is free to this server
  post                      take over what is attached elsewhere
  clean                     detach what is attached to this server`;

export const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["SCW_FLEXIP_CONF", "another settings file"],
  ["SCW_FLEXIP_<KEY>", "overrides a setting"],
  ["NO_COLOR", "no bold and no colour"],
  ["TERM", "dumb: no bold, no colour, no progress"],
];
