// Commands on a host, by OpenSSH. Secrets go by standard input only, because everybody on both machines sees arguments.
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";

export type SshTarget = {
  /** What the operator calls the host. */
  readonly name: string;
  readonly host: string;
  readonly user: string;
};

export type SshCommand = {
  readonly stdin?: string | Buffer;
  /** A file to send as standard input. */
  readonly file?: string;
  readonly timeoutMs?: number;
};

/** Runs one command over a connection of its own and returns what it printed. */
export type Ssh = (target: SshTarget, command: string, options?: SshCommand) => Promise<string>;

export type SshSettings = {
  /** File of the host keys that were seen. A new host's key is added; a changed key is refused. */
  readonly knownHosts: string;
  /** A configuration file instead of the operator's own, for jump hosts for example. */
  readonly configFile: string | undefined;
};

// ssh itself failed, not the command.
const CONNECTION_FAILED = 255;

/** A command on a host failed, or the host did not answer. Holds what the host said, never what was sent. */
export class SshError extends Error {
  override name = "SshError";
  readonly isConnection: boolean;
  /** Waiting does not help. */
  readonly isRefusal: boolean;
  /** The host answered, and took no key. */
  readonly isDenied: boolean;

  constructor(target: SshTarget, reason: string, code: number | null) {
    super(`${target.name} (${target.user}@${target.host}): ${reason}`);
    this.isConnection = code === CONNECTION_FAILED || code === null;
    this.isRefusal = /HOST IDENTIFICATION HAS CHANGED|Could not resolve hostname|no such identity/i.test(reason);
    this.isDenied = /Permission denied|Too many authentication failures/.test(reason);
  }
}

/** The options of ssh for this cloud, whether a shell, our programs or Ansible run it. */
export function sshOptions({ knownHosts, configFile }: SshSettings): string[] {
  return [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...[`UserKnownHostsFile=${knownHosts}`, "StrictHostKeyChecking=accept-new"].flatMap(asOption),
  ];
}

/** Commands by the `ssh` program, with the operator's agent and keys. */
export function openSsh(settings: SshSettings): Ssh {
  const options = [
    ...sshOptions(settings),
    ...["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=5", "ServerAliveCountMax=3"].flatMap(asOption),
    // A shared connection would confirm a change that lets no new connection in.
    ...["LogLevel=ERROR", "ControlPath=none"].flatMap(asOption),
  ];
  return (target, command, given = {}) =>
    runSsh([...options, "-l", target.user, "--", target.host, command], target, given);
}

/** The word, quoted so the remote shell takes it as it is. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function asOption(option: string): [string, string] {
  return ["-o", option];
}

function runSsh(args: readonly string[], target: SshTarget, given: SshCommand): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"], timeout: given.timeoutMs ?? 120_000 });
    const said = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr += text;
    });
    // If the host hangs up during a write, the exit code says more.
    child.stdin.on("error", () => {});
    child.on("error", (error) => reject(new SshError(target, error.message, null)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(said.stdout);
      const reason = said.stderr.trim() || (signal === null ? `exit code ${code}` : "no answer in time");
      reject(new SshError(target, reason, code));
    });
    if (given.file === undefined) child.stdin.end(given.stdin ?? "");
    else createReadStream(given.file).on("error", reject).pipe(child.stdin);
  });
}
