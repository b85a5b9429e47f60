import { type CommandText, GRACE, OUTPUT, TIMEOUT } from "./text.ts";

export const STATUS: CommandText = {
  name: "status",
  parameters: "",
  summary: "show the state of the cloud in ten lines",
  text: `The front-end, the hosts, ranges and addresses by state, drift, the journal, the API, and what failed last. Exit code
0: all is well; 3: drift, or hosts whose server is not known; 1: something could not be read.`,
  options: [...OUTPUT, GRACE, TIMEOUT],
  examples: [
    { command: "scw-flexip status", text: "ten lines" },
    { command: "scw-flexip status -j | jq .drift.by_kind", text: "for a script" },
  ],
};

export const LIST: CommandText = {
  name: "list",
  parameters: "",
  summary: "list the addresses of this cloud",
  text: `One line for each flexible IP that a range of this cloud has or that carries its tag, and for each address of a range
that has none. DRIFT names what reconcile finds. Columns: address, status, host, holder, vm, vm_name, vm_state, network,
network_id, range, origin, mac, reverse, id, server, drift. On a narrow terminal some are left out; -o wide shows all.`,
  options: [
    { flags: "--network <name>", text: "only of this network, by name or id" },
    { flags: "--vm <id>", text: "only of this VM, by id or name" },
    { flags: "--state <state>", text: "only with this status, or free, used, drift" },
    ...OUTPUT,
    GRACE,
    TIMEOUT,
  ],
  examples: [
    { command: "scw-flexip list", text: "a table" },
    { command: "scw-flexip list --network public --state free", text: "what is left" },
    { command: "scw-flexip list --columns address,vm --no-header", text: "for a script" },
    { command: "scw-flexip list -j | jq -r '.[] | select(.drift != []) | .address'", text: "what has drifted" },
  ],
};

export const SHOW: CommandText = {
  name: "show",
  parameters: "<address>",
  summary: "show all that is known of one address",
  text: "The address may be given as IPv4, IPv6 or the id of the flexible IP. Exit code 4: this cloud has no such address.",
  options: [...OUTPUT, GRACE, TIMEOUT],
  examples: [
    { command: "scw-flexip show 203.0.113.7", text: "by address" },
    { command: "scw-flexip show 9f2b4c1e-0000-4000-8000-000000000001 -j", text: "by id, as JSON" },
  ],
};

const LOG_FILTERS = [
  { flags: "--level <level>", text: "debug, info, warn or error, and above" },
  { flags: "--since <when>", text: "a span (30m, 2h, 3d) or a date" },
] as const;

export const HISTORY: CommandText = {
  name: "history",
  parameters: "<address>",
  summary: "show what the logs say about one address",
  text: `Reads rotated and compressed logs too, and shows the failures of the VMs that had the address. The front-end logs ranges
and leases, each host what its hooks attached and detached: --hosts asks all hosts, from the front-end, over OpenNebula's
ssh. Exit code 4: the logs do not mention it.`,
  options: [
    { flags: "--hosts", text: "on the front-end: with the logs of every host" },
    { flags: "--vm <id>", text: "with the failures of this VM" },
    ...LOG_FILTERS,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip history 203.0.113.7 --hosts", text: "all of it" },
    { command: "scw-flexip history 203.0.113.7 --since 2d --level info", text: "the last two days, on this machine" },
  ],
};

export const LOGS: CommandText = {
  name: "logs",
  parameters: "",
  summary: "show the driver's log on this machine",
  text: "The newest 50 entries, or all since a time. Rotated and compressed logs are read too.",
  options: [
    { flags: "-f, --follow", text: "keep printing what is written from now on" },
    { flags: "-n, --lines <count>", text: "how many entries (50)" },
    { flags: "--address <address>", text: "about this address or flexible IP id" },
    { flags: "--vm <id>", text: "of this VM" },
    ...LOG_FILTERS,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip logs -f", text: "what happens now" },
    { command: "scw-flexip logs --vm 42 --since 1h", text: "of one VM" },
    { command: "scw-flexip logs --level warn --since 1d -j", text: "a day's warnings and errors" },
  ],
};

export const COMPLETION: CommandText = {
  name: "completion",
  parameters: "<shell>",
  summary: "print a completion script: bash or zsh",
  text: "The packages install these scripts already.",
  options: [],
  examples: [
    { command: "source <(scw-flexip completion bash)", text: "in this shell" },
    { command: "scw-flexip completion zsh > ~/.zfunc/_scw-flexip", text: "in every shell" },
  ],
};
