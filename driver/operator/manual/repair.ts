import { type CommandText, GRACE, OUTPUT, TIMEOUT } from "./text.ts";

const DRY_RUN = { flags: "--dry-run", text: "only print what would be done" } as const;
const YES = { flags: "-y, --yes", text: "do not ask" } as const;

export const RECONCILE: CommandText = {
  name: "reconcile",
  parameters: "",
  summary: "compare OpenNebula, Scaleway and the journal, and fix what differs",
  text: `Prints what differs, why, what would fix it and what that costs. Nothing is changed without --apply. APPLY says how:
"auto" cannot hurt a guest and is done by --apply: attach what is attached nowhere, undo a registration of this front-end
that died, restore tags; "by-key" needs its key: detach, move, delete, remove tags; "manual" cannot be done from here;
"young" changed a moment ago and is not judged yet. Steps rely on OpenNebula only where it leads its zone, and read it again
right before each step. Hosts whose server is not known are never judged. Each kind of KEY has a section in
docs/drift.md. Exit code 0: nothing differs, or all was fixed; 3: something is left; 1: a step failed.`,
  options: [
    { flags: "--apply [key...]", text: "do the steps that are auto, or those of these keys" },
    { flags: "--apply-all", text: "do all but deleting what is attached or more than half; asks first" },
    YES,
    { flags: "--dry-run", text: "change nothing, whatever the other options say" },
    { flags: "--watch", text: "repeat until stopped" },
    { flags: "--interval <seconds>", text: "with --watch: the pause between two runs (300)" },
    GRACE,
    TIMEOUT,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip reconcile", text: "the plan" },
    { command: "scw-flexip reconcile --apply", text: "the steps that cannot hurt a guest" },
    { command: "scw-flexip reconcile --apply orphan:203.0.113.7", text: "give back an address that no range has" },
  ],
};

export const RANGE_LIST: CommandText = {
  name: "range list",
  parameters: "",
  summary: "list the address ranges, as OpenNebula has them",
  text: "Asks OpenNebula alone: it also answers while the API does not.",
  options: [{ flags: "--network <name>", text: "only of this network, by name or id" }, ...OUTPUT],
  examples: [{ command: "scw-flexip range list --network public", text: "the ranges of one network" }],
};

export const RANGE_ADD: CommandText = {
  name: "range add",
  parameters: "[network]",
  summary: "add ranges to a network: buy addresses, or adopt one",
  text: `Each range is one flexible IP and is paid for from then on. They are added one by one through onevnet addar; when one
fails, those before it stay, and the exit code is 1. --adopt takes an address that the project has already; it stays yours
when the range is removed. --adopt also takes an address that an earlier range of this cloud left; if the driver bought it,
it is deleted with the new range.`,
  options: [
    { flags: "--network <name>", text: "the network's name or id (needed, unless it is the first word)" },
    { flags: "--count <number>", text: "how many (1)" },
    { flags: "--dual-stack", text: "with an IPv6 /64 for each IPv4 address" },
    { flags: "--adopt <address>", text: "a flexible IP of the project, by address or id" },
    { flags: "--force", text: "even if the network's driver does not run the hooks" },
    DRY_RUN,
    GRACE,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip range add public --count 3", text: "three addresses" },
    { command: "scw-flexip range add --network public --dual-stack", text: "one with IPv6" },
    { command: "scw-flexip range add public --adopt 203.0.113.7", text: "an address that the project has already" },
  ],
};

export const RANGE_REMOVE: CommandText = {
  name: "range remove",
  parameters: "[address...]",
  summary: "give addresses back: remove their ranges",
  text: `Bought addresses are lost forever, adopted ones stay yours. Ranges in use are refused (exit code 4). Asks first on
a terminal; elsewhere --yes is needed. The address may be given as the id of the flexible IP.`,
  options: [
    { flags: "--network <name>", text: "only in this network" },
    { flags: "--all", text: "all ranges of the driver" },
    { flags: "--force", text: "also those in use: their guests lose the address" },
    YES,
    DRY_RUN,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip range remove 203.0.113.7", text: "one" },
    { command: "scw-flexip range remove --network public --all --yes", text: "all of a network, from a script" },
  ],
};

export const REVERSE: CommandText = {
  name: "reverse",
  parameters: "<address> [name]",
  summary: "show, set or clear the reverse DNS of an address",
  text: `Without a name, prints it. Mail servers need a name that resolves to the address: set the name's own record first. The address may be given as the id of the flexible IP. Exit code 4: this cloud has no such address.`,
  options: [{ flags: "--clear", text: "take the name away" }],
  examples: [
    { command: "scw-flexip reverse 203.0.113.7 mail.example.org", text: "set" },
    { command: "scw-flexip reverse 203.0.113.7 --clear", text: "clear" },
  ],
};
