import { type CommandText, GRACE, OUTPUT } from "./text.ts";

export const RECONCILE: CommandText = {
  name: "reconcile",
  parameters: "",
  summary: "compare OpenNebula, Scaleway and the journal, and mend what differs",
  text: `Prints what differs, why, what would mend it and what that costs. Nothing is changed without --apply. APPLY says
how: "safe" takes nothing from any guest and is done by --apply; "named" is done only when its key is given, or by
--apply-all; "person" cannot be done from here. Hosts whose server is not known are never judged. Each step looks again
before it acts. Exit code 0: nothing differs, or all was mended; 3: something is left; 1: a step failed.`,
  options: [
    { flags: "--apply [key...]", text: "do the safe steps, or those of these keys" },
    { flags: "--apply-all", text: "do all steps that can be done from here" },
    { flags: "--watch", text: "look again and again, until stopped" },
    { flags: "--interval <seconds>", text: "with --watch: the pause between two looks (300)" },
    GRACE,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip reconcile", text: "the plan" },
    { command: "scw-flexip reconcile --apply", text: "the safe part of it" },
    { command: "scw-flexip reconcile --apply orphan:203.0.113.7", text: "give back an address that no range has" },
  ],
};

export const RANGE_ADD: CommandText = {
  name: "range add",
  parameters: "",
  summary: "buy addresses: add ranges to a network",
  text: `Each range is one flexible IP and is paid for from then on. They are added one by one through onevnet addar; when one
fails, those before it stay, and the exit code is 1.`,
  options: [
    { flags: "--network <name>", text: "the network's name or id (needed)" },
    { flags: "--count <number>", text: "how many (1)" },
    { flags: "--dual-stack", text: "with an IPv6 /64 beside each IPv4 address" },
    { flags: "--force", text: "even if the network's driver does not run the hooks" },
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip range add --network public --count 3", text: "three addresses" },
    { command: "scw-flexip range add --network public --dual-stack", text: "one with IPv6" },
  ],
};

export const RANGE_REMOVE: CommandText = {
  name: "range remove",
  parameters: "[address...]",
  summary: "give addresses back: remove their ranges",
  text: `What was bought is lost for good, what was adopted stays yours. Ranges in use are refused (exit code 4). Asks first on
a terminal; elsewhere --yes is needed.`,
  options: [
    { flags: "--network <name>", text: "only in this network" },
    { flags: "--all", text: "all ranges of the driver" },
    { flags: "--force", text: "also those in use: their guests lose the address" },
    { flags: "-y, --yes", text: "do not ask" },
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip range remove 203.0.113.7", text: "one" },
    { command: "scw-flexip range remove --network public --all --yes", text: "all of a network, from a script" },
  ],
};
