// docs/reliability.md: what was played, what came of it, and what cannot be survived.
import { FAMILIES, type Family, type Kind, type SceneKind } from "./kind.ts";
import { ACTIONS, type Action } from "./path.ts";
import { OUTCOMES } from "./play.ts";
import type { Ran } from "./run.ts";

const TITLES: Readonly<Record<Family, string>> = {
  crash: "Crash points",
  api: "The API and the way to it",
  machine: "The machine",
  tenant: "Tenants as attackers",
};

const SHORT: Readonly<Record<Action, string>> = {
  register_address_range: "register",
  unregister_address_range: "unregister",
  get_address: "get",
  allocate_address: "allocate",
  free_address: "free",
  pre: "pre",
  post: "post",
  clean: "clean",
};

export type Summary = {
  readonly kinds: number;
  readonly runs: number;
  readonly failures: number;
  readonly longestMs: number;
};

export function summaryOf(all: readonly Ran[]): Summary {
  return {
    kinds: new Set(all.map(({ kind }) => kind)).size,
    runs: all.length,
    failures: all.filter(({ played }) => played.problems.length > 0).length,
    longestMs: Math.max(0, ...all.map(({ played }) => played.ms)),
  };
}

/** The whole page. */
export function pageOf(kinds: readonly (Kind | SceneKind)[], all: readonly Ran[]): string {
  const skipped = kinds.filter((kind) => kind.skipped !== undefined);
  return [
    INTRODUCTION,
    figures(all),
    AWAY,
    CANNOT,
    ...FAMILIES.map((family) => section(family, kinds, all)),
    ...(skipped.length === 0
      ? []
      : ["## Not played on this machine\n", skipped.map(({ name, skipped: why }) => `- ${name}: ${why}`).join("\n")]),
  ]
    .join("\n")
    .concat("\n");
}

function figures(all: readonly Ran[]): string {
  const { kinds, runs, failures, longestMs } = summaryOf(all);
  const crashes = all.filter(({ kind }) => kind.family === "crash");
  const ways = new Set(all.map(({ path }) => path).filter((path) => path !== ""));
  return [
    "## Figures\n",
    "| | |",
    "| --- | ---: |",
    `| kinds of fault | ${kinds} |`,
    `| ways through the eight actions and hooks | ${ways.size} |`,
    `| runs | ${runs} |`,
    `| of these, crash points | ${crashes.length} |`,
    ...OUTCOMES.map((outcome) => `| ${outcome} | ${all.filter(({ played }) => played.outcome === outcome).length} |`),
    `| failures: leaked, stuck, cut off, or told wrongly | ${failures} |`,
    `| longest action under a fault | ${seconds(longestMs)} |`,
    "",
  ].join("\n");
}

function section(family: Family, kinds: readonly (Kind | SceneKind)[], all: readonly Ran[]): string {
  const rows = kinds
    .filter((kind) => kind.family === family)
    .map((kind) =>
      row(
        kind,
        all.filter((ran) => ran.kind === kind),
      ),
    )
    .filter((line) => line !== "");
  const head = ["fault", "injected by", ...ACTIONS.map((action) => SHORT[action]), "runs", "failures", "longest"];
  return [
    `## ${TITLES[family]}\n`,
    `| ${head.join(" | ")} |`,
    `| ${head.map((_, index) => (index < 10 ? "---" : "---:")).join(" | ")} |`,
    ...rows,
    "",
  ].join("\n");
}

function row(kind: Kind | SceneKind, rans: readonly Ran[]): string {
  if (rans.length === 0) return "";
  const { runs, failures, longestMs } = summaryOf(rans);
  const cells = ACTIONS.map((action) => cell(rans.filter(({ played }) => played.action === action)));
  return `| ${[text(kind.name), text(kind.how), ...cells, runs, failures, seconds(longestMs)].join(" | ")} |`;
}

function cell(rans: readonly Ran[]): string {
  const counts = OUTCOMES.map((outcome) => ({
    outcome,
    count: rans.filter(({ played }) => played.outcome === outcome).length,
  })).filter(({ count }) => count > 0);
  return counts.map(({ outcome, count }) => `${outcome} ${count}`).join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function text(words: string): string {
  return words.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

const INTRODUCTION = `# Reliability

Written by \`make faults\` from its own runs; do not edit.

Every fault is injected from outside on the built executable, which has no switch for tests: by a simulator of the API that
refuses, delays, cuts and garbles, by signals, by the file system, by system calls that fail. Each run starts from a cloud
with guests of others around, has one action or hook meet one fault at one point, then does what OpenNebula or its user
would do next, and looks at what is left:

- every flexible IP with our tags is in exactly one registered range, and every range has its flexible IP with its MAC
- no adopted address was deleted, nothing of another cloud, another project or another guest was touched
- the address of a running guest is attached to its host, and was never taken from it meanwhile
- no lease is stuck, no journal is locked, a reconcile finds nothing but addresses that an ended lease left attached
- a failure was told in exactly one plain line, and neither the token nor the guest's password anywhere

Outcomes, with how often each came:

| outcome | meaning |
| --- | --- |
| done | the action did its work, after retries where need be |
| refused | it failed with one plain line, and what it had made is undone |
| later | it was killed, or left something undone; the next ordinary action finished or undid it |
| reconciled | a reconcile finished it: the cases are listed under "What cannot be survived" |

Times are of the action under the fault. Faults that last are played with TIMEOUT and HOOK_TIMEOUT at 5 s, the least that the
driver takes, so that they end soon.
`;

const AWAY = `## When an address can be away from its guest

Only the host that serves a guest attaches and detaches its addresses, and what is not certain stays as it is. Times are the
API's own: an attach takes 2 s, a detach 6 s, when nothing else waits for the same server; three attaches together took 43 s.

| situation | away for |
| --- | --- |
| deploy, start, resume on a host | not at all: the guest boots once its address is attached, or fails to boot with the reason |
| deploy or hot plug of an address that an ended lease left on another server | not at all: \`pre\` moves it before the guest boots |
| live migration | one attach (2 s), from the end of the copy; a detach and an attach (8 s) where the API does not move an attached address, or the source cannot tell that the host in the document is another one |
| live migration whose copy fails | not at all: nothing was changed |
| live migration while the API is away | until it is back and one attach; \`post\` tries for HOOK_TIMEOUT, 20 minutes. After that until \`scw-flexip reconcile --apply KEY\` or the VM's next start |
| live migration to a server that holds 64 already, or of an address that is locked | until a person acts; the VM's log and the hook's say so |
| a VM that starts on another host because its own was lost | from the boot for one attach (2 s), or a detach and an attach (8 s): nothing tells \`pre\` that this is no migration |
| power-off, termination, detached NIC while libvirt does not answer | not at all: the addresses stay, and \`clean\` says so |
| NIC, alias or PCI device that comes or goes | not at all: the others are not looked at |
| \`onevnet release\` or \`free_address\` of an address in use | not at all: nothing is detached |
| an address whose range or network somebody else typed again | not at all: the range's intent tells whose it is. Leases from before 0.2.0, and clouds whose oned.conf does not have the lines of \`install\`, have no intent: address and MAC decide |
| a detach in the Scaleway console, or one that the API acts on late | until \`scw-flexip reconcile --apply\`, which attaches what is attached nowhere |

An attachment that is left behind harms nobody: the next guest of the address takes it over. It counts against the 64 of its
server until then.

## While the API is away

| action | what it does |
| --- | --- |
| get_address, allocate_address | give the lease after 3 s, with a WARN that nobody looked at the address; \`pre\` looks before a guest boots |
| free_address | frees the lease after 1 s |
| register_address_range | fails within TIMEOUT; what it may have bought is deleted by the next action |
| unregister_address_range | fails within TIMEOUT, and the range stays |
| pre, post | try for HOOK_TIMEOUT; pre then fails before the guest boots |
| clean | gives up after 30 s, succeeds, and says what stays attached |
`;

const CANNOT = `## What cannot be survived

A reconcile finds each of them. One takes a running guest's address away until then: a detach that the API acts on late.

| what | why | what the operator does |
| --- | --- | --- |
| register is killed in the instant between closing its intent and its exit, or its answer is taken by nobody although it was written | oned keeps a range only on exit 0, and nothing tells the driver afterwards whether it did | reconcile lists the flexible IP as paid for and in no range: delete it there by name; an adopted one gets its tags taken away |
| a change that the API acts on after its caller died, and after the next run looked | the API has no way to take back a call, and a look comes too early | reconcile: a late attach is detached, a late detach of a running guest's address is attached again, both without being named |
| two front-ends with journals of their own adopt the same address in the same tenth of a second | the API changes tags without a condition | reconcile lists one of the two ranges as recycled: remove that one; the other keeps the address |
| free_address is killed | oned takes its exit for a failure and keeps the lease | free the lease in OpenNebula again: the action may be repeated any time |
| hooks run on a host whose settings or token are wrong | pre and post fail before the guest boots; clean says what stays attached, and succeeds | correct them with \`onehost sync\`, then repeat the action in OpenNebula |
| the state folder is lost with an intent in it | the journal is on one disk only | reconcile lists what is in no range |
`;
