import { type CommandText, type OptionText, OUTPUT } from "./text.ts";

const ROLES: readonly OptionText[] = [
  { flags: "--frontend", text: "this machine runs oned" },
  { flags: "--host", text: "this machine runs VMs" },
];
const RESTART: OptionText = { flags: "--restart", text: "restart opennebula if oned.conf changed" };
const NOOP: OptionText = { flags: "-n, --noop", text: "only say what would be done; for oned.conf as a diff" };

export const INSTALL: CommandText = {
  name: "install",
  parameters: "",
  summary: "put the driver where OpenNebula runs it",
  text: `On a front-end: the tree below remotes, settings, token, journal's folder, log folders and their rotation, and in
oned.conf the driver's name and the attributes that VMs get and users may not set. On a host: server id, token, log
folder; the tree comes there by onehost sync. Settings that are there are never overwritten, nor a rotation of logs that
was edited. oned.conf is changed beside and renamed, after a dated copy. A second run changes nothing.`,
  options: [
    ...ROLES,
    { flags: "--from <dir>", text: "the remotes folder to install from" },
    { flags: "--token-file <file>", text: "take the secret key from this file" },
    { flags: "--token-stdin", text: "take the secret key from standard input" },
    { flags: "--server-id <zone/uuid>", text: "on a host: its Elastic Metal server" },
    { flags: "--fw", text: "install the hooks for networks with VN_MAD fw too" },
    RESTART,
    { flags: "--sync", text: "run onehost sync -f" },
    NOOP,
  ],
  examples: [
    { command: "scw-flexip install --frontend --noop", text: "what would change" },
    { command: "scw-flexip install --frontend --token-stdin --restart --sync < key", text: "a front-end, all at once" },
    {
      command: "scw-flexip install --host --server-id fr-par-2/9f2b4c1e-0000-4000-8000-000000000001",
      text: "a host",
    },
  ],
};

export const UNINSTALL: CommandText = {
  name: "uninstall",
  parameters: "",
  summary: "take the driver out again",
  text: `Refuses (exit code 4) while address ranges use the driver. Takes out of oned.conf what install put in. Leaves the
settings, the token, the server id, the journal and the logs, and says where they are; on a machine that is both, what the
other half still needs.`,
  options: [
    ...ROLES,
    { flags: "--force", text: "even while ranges use the driver: their addresses stay paid for" },
    { flags: "--purge", text: "delete what is otherwise left" },
    RESTART,
    NOOP,
  ],
  examples: [
    { command: "scw-flexip uninstall --frontend --noop", text: "what would go and what would stay" },
    { command: "scw-flexip uninstall --host --purge", text: "a host, with its token" },
  ],
};

export const DOCTOR: CommandText = {
  name: "doctor",
  parameters: "",
  summary: "check everything that has to be right on this machine",
  text: `Each line: ok, warning or failure, what was looked at, why, and the command that mends it. Without --frontend or
--host, both are checked where they are installed. Nothing is changed. Exit code 0: all ok; 3: warnings; 1: failures.`,
  options: [
    { flags: "--frontend", text: "check a front-end" },
    { flags: "--host", text: "check a host" },
    { flags: "--no-hosts", text: "do not ask the hosts over ssh" },
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip doctor", text: "on a front-end: this machine and every host" },
    { command: "scw-flexip doctor -j | jq '.[] | select(.level != \"ok\")'", text: "what is not ok" },
  ],
};
