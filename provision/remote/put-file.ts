// Puts a file on a host, as root. If the file is there already, nothing happens.
import { type Ssh, type SshTarget, shellQuoted } from "./ssh.ts";

export type RemoteFile = {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
  /** A command that must succeed with the new file in place. If it fails, the host gets back what it had. */
  readonly check?: string | undefined;
};

/** Returns whether the file was written. Content goes by standard input, because everybody on a machine sees arguments. */
export async function putFile(ssh: Ssh, target: SshTarget, { path, mode, content, check }: RemoteFile) {
  const file = shellQuoted(path);
  const command = `set -eu
new=$(mktemp)
old=$(mktemp)
trap 'rm -f "$new" "$old"' EXIT
cat >"$new"
if cmp -s "$new" ${file}; then chmod ${mode} ${file}; exit 0; fi
if [ -e ${file} ]; then cp -p ${file} "$old"; fi
had=$([ -e ${file} ] && echo yes || echo no)
install -D -o root -g root -m ${mode} "$new" ${file}
if ! { ${check ?? ":"}; } >/dev/null 2>"$new"; then
  if [ "$had" = yes ]; then cp -p "$old" ${file}; else rm ${file}; fi
  echo "${path} was not accepted, and is unchanged: $(head -n 3 "$new" | tr '\\n' ' ')" >&2
  exit 1
fi
echo written
`;
  return (await ssh(target, `sudo sh -c ${shellQuoted(command)}`, { stdin: content })) !== "";
}
