// What a small OpenNebula of a test knows. Its state is a JSON file; beside it stands a shell script that answers what is
// asked most, listings and ssh, because starting a Node for each would take most of a test's time.
import { renameSync, writeFileSync } from "node:fs";
import { element, type ListedNetwork, type ListedVm, networksXml, vmsXml } from "../cloud/listing.ts";

export type FakeRange = { id: string; attributes: Record<string, string>; vm?: string };
export type FakeNetwork = Omit<ListedNetwork, "ranges"> & { ranges: FakeRange[] };
export type FakeHost = {
  name: string;
  serverId?: string;
  state: string;
  /** What it prints for a command. */
  answers: Record<string, string>;
  /** Where its files are, and what is asked over ssh runs. */
  root: string;
};
export type FakeCloud = {
  readonly remotes: string;
  /** Environment of the IPAM actions, and of what runs on hosts. */
  readonly environment: Record<string, string>;
  networks: FakeNetwork[];
  vms: ListedVm[];
  hosts: FakeHost[];
  /** What onezone shows of the front-ends: empty where there is one alone. */
  servers?: string;
  /** What was run, without what only reads. */
  calls: string[];
};

/** Writes the state, and the script that answers from it. */
export function writeCloud(file: string, cloud: FakeCloud): void {
  writeWhole(file, JSON.stringify(cloud));
  writeWhole(`${file}.sh`, replies(cloud));
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** To be read by a shell whose words are the tool and its words. What it does not know is left to fake-one.ts. */
function replies({ networks, vms, hosts, servers = "" }: FakeCloud): string {
  return `case "$*" in
${reply("onevnet list -x", networksXml(networks))}
${reply("onevm list -x", vmsXml(vms))}
${reply("onehost list -x", `<HOST_POOL>${hosts.map(hostXml).join("")}</HOST_POOL>`)}
${reply("onezone show 0 -x", `<ZONE><ID>0</ID><SERVER_POOL>${servers}</SERVER_POOL></ZONE>`)}
${hosts.map(sshReplies).join("\n")}
"ssh "*) echo "ssh: could not resolve the name" >&2; exit 255 ;;
"logger "*) shift; echo "$*" >> "$FAKE_ONE.syslog"; exit 0 ;;
esac
`;
}

function reply(command: string, text: string): string {
  return `"${command}") cat <<'END_OF_REPLY'\n${text}\nEND_OF_REPLY\nexit 0 ;;`;
}

/** What is not answered by the table runs in the host's root, as oneadmin's shell there would. */
function sshReplies({ name, answers, root }: FakeHost): string {
  const known = Object.entries(answers).map(([command, text]) => reply(`ssh "*" -- ${name} ${command}`, text));
  return `${known.join("\n")}
"ssh "*" -- ${name} "*) while [ "$1" != -- ]; do shift; done; shift 2
for word; do
  [ -n "$seen" ] || set --
  seen=1
  case $word in /var/* | /etc/*) word=${root}$word ;; esac
  set -- "$@" "$word"
done
case $1 in */scw-flexip) set -- "$@" --root ${root} ;; esac
exec env -i PATH=/usr/bin:/bin "$@" ;;`;
}

function hostXml({ name, state, serverId }: FakeHost): string {
  const template = serverId === undefined ? "" : element("SCW_SERVER_ID", serverId);
  return `<HOST><NAME>${name}</NAME><STATE>${state}</STATE><TEMPLATE>${template}</TEMPLATE></HOST>`;
}
