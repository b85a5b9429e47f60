import { type CommandText, type OptionText, OUTPUT } from "./text.ts";

const ROLES: readonly OptionText[] = [
  { flags: "--frontend", text: "this machine runs oned" },
  { flags: "--host", text: "this machine runs VMs" },
];
const RESTART: OptionText = { flags: "--restart", text: "restart opennebula, unless it runs with this oned.conf" };
const NOOP: readonly OptionText[] = [
  { flags: "-n, --noop", text: "only print what would be done; for oned.conf as a diff" },
  { flags: "--dry-run", text: "the same as --noop" },
];

export const INSTALL: CommandText = {
  name: "install",
  parameters: "",
  summary: "put the driver where OpenNebula runs it",
  text: `On a front-end: the tree below remotes, settings, secret key, journal's folder, log folders and their rotation, and in
oned.conf the driver's name and the attributes that VMs get and users may not set. On a host: server id, secret key, log
folder; the tree comes there by onehost sync. With --hosts, from the front-end over OpenNebula's ssh: the same on all
hosts or on those named, each with the server id of the Elastic Metal server that has its address; a host without a key
gets the front-end's, unless a key is given. Existing settings are never overwritten, nor is a rotation of logs that somebody
edited. oned.conf is copied with the date first (three copies are kept), then written to a temporary file and renamed. A
second run changes nothing.`,
  options: [
    ...ROLES,
    { flags: "--hosts [names...]", text: "from the front-end: set up these hosts, or all" },
    { flags: "--from <dir>", text: "the remotes folder to install from" },
    { flags: "--token-file <file>", text: "take the secret key from this file" },
    { flags: "--token-stdin", text: "take the secret key from standard input; at a terminal it is asked for" },
    { flags: "--server-id <zone/uuid>", text: "on a host: its Elastic Metal server" },
    { flags: "--fw", text: "install the hooks for networks with VN_MAD fw too" },
    RESTART,
    { flags: "--sync", text: "run onehost sync -f" },
    { flags: "--timer", text: "turn on the timers: reconcile every 15 minutes, pools and metrics every 5" },
    ...NOOP,
  ],
  examples: [
    { command: "scw-flexip install --frontend --noop", text: "what would change" },
    { command: "scw-flexip install --frontend --token-stdin --restart --sync < key", text: "a front-end, all at once" },
    { command: "scw-flexip install --hosts", text: "all hosts: key, server id, log folder, and a check" },
    {
      command: "scw-flexip install --host --server-id fr-par-2/9f2b4c1e-0000-4000-8000-000000000001",
      text: "a host, on the host itself",
    },
  ],
};

export const UNINSTALL: CommandText = {
  name: "uninstall",
  parameters: "",
  summary: "remove the driver",
  text: `Refuses (exit code 4) while address ranges use the driver, or, on a host, while flexible IPs are attached to it. Removes from
oned.conf what install added. Leaves settings, token, server id, journal and logs, and prints where they are; on a machine
that is both, leaves what the other half still needs.`,
  options: [
    ...ROLES,
    { flags: "--force", text: "even while it is in use: addresses stay paid for, guests lose theirs when they move" },
    { flags: "--purge", text: "also delete settings, token, server id, journal and logs" },
    RESTART,
    ...NOOP,
  ],
  examples: [
    { command: "scw-flexip uninstall --frontend --noop", text: "what would go and what would stay" },
    { command: "scw-flexip uninstall --host --purge", text: "a host, with its token" },
  ],
};

export const DOCTOR: CommandText = {
  name: "doctor",
  parameters: "",
  summary: "check everything that the driver needs, on this machine and on every host",
  text: `Each line: ok, warning or failure, where, what was looked at, why; below them, for each that is not ok, the command that
fixes it. On a front-end every host runs its own doctor over one ssh, and must have the front-end's settings, scripts and
executable. Without --frontend or --host, both are checked where they are installed. Nothing is changed. In JSON each
check has an id that never changes; what each means and what to do is in docs/checks.md. What cannot be seen from here: the
project's quota of flexible IPs, whether the guest's own network settings are right, and whether a rule of the API key's
policy ends soon. Exit code 0: all ok; 3: warnings; 1: failures. With --plugin: 0 ok, 1 warning, 2 critical, 3 unknown.`,
  options: [
    { flags: "--frontend", text: "check a front-end" },
    { flags: "--host", text: "check a host" },
    { flags: "--no-hosts", text: "do not ask the hosts over ssh" },
    { flags: "--bridges <names...>", text: "on a host: bridges that must be up and lead outside" },
    { flags: "--plugin", text: "one line and exit code of a monitoring plugin (Nagios, Icinga)" },
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip doctor", text: "on a front-end: this machine and every host" },
    { command: "scw-flexip doctor -j | jq '.[] | select(.level != \"ok\")'", text: "what is not ok" },
    { command: "scw-flexip doctor --plugin", text: "for a monitoring system" },
  ],
};
