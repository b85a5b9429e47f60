// Programs on the operator's machine.
import { spawnSync } from "node:child_process";
import { type Finding, missing, ok, unknown } from "./finding.ts";

export type Run = (program: string, args: readonly string[]) => string | undefined;

/** Runs a program; undefined when it is not there or fails. */
export function runLocally(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return status === 0 ? stdout : undefined;
}

const NEEDED = [
  ["ssh", ["-V"], "install OpenSSH's client"],
  ["git", ["--version"], "install git"],
  ["python3", ["--version"], "install Python 3.10 to 3.12, for Ansible"],
  ["hatch", ["--version"], "install hatch (pipx install hatch), which makes the environments of Ansible"],
] as const;

/** Whether the tools are there in usable versions, and the agent holds the key that the servers will know. */
export function checkTools(run: Run, sdkVersion: string, sshPublicKey: string | undefined): Finding[] {
  const needed = NEEDED.map(([program, args, next]) =>
    run(program, args) === undefined ? missing(`${program} is not there`, next) : ok(program),
  );
  return [
    pulumiFinding(run("pulumi", ["version"]), sdkVersion),
    ...needed,
    agentFinding(run("ssh-add", ["-L"]), sshPublicKey),
  ];
}

/** Older command lines cannot talk to a newer SDK, and some broke state in buckets other than Amazon's. */
function pulumiFinding(said: string | undefined, sdkVersion: string): Finding {
  const version = said?.trim().replace(/^v/, "");
  if (version === undefined) return missing("pulumi is not there", `install version ${sdkVersion}`);
  if (minor(version) < minor(sdkVersion)) return missing(`pulumi is ${version}`, `install version ${sdkVersion}`);
  return version === sdkVersion
    ? ok(`pulumi ${version}`)
    : unknown(`pulumi is ${version}, tried was ${sdkVersion}`, "use that one if something is odd");
}

function minor(version: string): number {
  const [major = 0, second = 0] = version.split(".").map(Number);
  return major * 10_000 + second;
}

function agentFinding(listed: string | undefined, sshPublicKey: string | undefined): Finding {
  const key = sshPublicKey?.split(" ")[1];
  if (key === undefined) return unknown("sshPublicKey is not set", "set it, and add its key to the SSH agent");
  if (listed?.includes(key) === true) return ok("the SSH agent holds the key of sshPublicKey");
  return unknown(
    "the SSH agent does not hold the key of sshPublicKey",
    "run ssh-add, or name the key in ~/.ssh/config",
  );
}
