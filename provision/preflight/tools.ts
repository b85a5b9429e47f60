// Programs on the operator's machine.
import { spawnSync } from "node:child_process";
import { type Finding, missing, ok, unknown } from "./finding.ts";

/** What a program printed, or the last line of why it failed. */
export type Said = { readonly isOk: boolean; readonly said: string };
export type Run = (program: string, args: readonly string[]) => Said;

/** Runs a program. */
export function runLocally(program: string, args: readonly string[]): Said {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  if (status === 0) return { isOk: true, said: stdout };
  return { isOk: false, said: error?.message ?? (stderr.trim().split("\n").at(-1) || `exit code ${status}`) };
}

const NEEDED = [
  ["ssh", ["-V"], "install OpenSSH's client"],
  ["git", ["--version"], "install git"],
  ["hatch", ["--version"], "run: pipx install hatch, which makes the environments of Ansible"],
  ["weasyprint", ["--version"], "run: pipx install weasyprint, which prints the report of make validation"],
] as const;

/** Whether the tools are there in usable versions, and whether the agent holds the key that the servers will know. */
export function checkTools(run: Run, sdkVersion: string, sshPublicKey: string | undefined): Finding[] {
  const needed = NEEDED.map(([program, args, next]) =>
    run(program, args).isOk ? ok(program) : missing(`${program} is not there`, next),
  );
  return [
    pulumiFinding(run("pulumi", ["version"]), sdkVersion),
    ...needed,
    pythonFinding(run("python3", ["--version"])),
    agentFinding(run("ssh-add", ["-L"]), sshPublicKey),
  ];
}

/** An older Pulumi cannot talk to a newer SDK, and some broke state in buckets other than Amazon's. */
function pulumiFinding({ isOk, said }: Said, sdkVersion: string): Finding {
  const version = said.trim().replace(/^v/, "");
  const next = `run: curl -fsSL https://get.pulumi.com | sh -s -- --version ${sdkVersion}`;
  if (!isOk) return missing("pulumi is not there", next);
  if (minor(version) < minor(sdkVersion)) return missing(`pulumi is ${version}`, next);
  return version === sdkVersion
    ? ok(`pulumi ${version}`)
    : unknown(`pulumi is ${version}, tried was ${sdkVersion}`, "use that one if something is odd");
}

function pythonFinding({ isOk, said }: Said): Finding {
  const next = "install Python 3.10 to 3.12, for Ansible; or run: hatch python install 3.12";
  const version = /\d+\.\d+/.exec(said)?.[0] ?? "";
  if (!isOk || minor(version) < minor("3.10"))
    return missing(isOk ? `python3 is ${version}` : "python3 is not there", next);
  return minor(version) <= minor("3.12") ? ok(`python3 ${version}`) : unknown(`python3 is ${version}`, next);
}

function minor(version: string): number {
  const [major = 0, second = 0] = version.split(".").map(Number);
  return major * 10_000 + second;
}

function agentFinding({ said }: Said, sshPublicKey: string | undefined): Finding {
  const key = sshPublicKey?.split(" ")[1];
  if (key === undefined) return unknown("sshPublicKey is not set", "set it, and add its key to the SSH agent");
  if (said.includes(key)) return ok("the SSH agent holds the key of sshPublicKey");
  return unknown(
    "the SSH agent does not hold the key of sshPublicKey",
    "run ssh-add, or name the key in ~/.ssh/config",
  );
}
