// Puts a file on a host, as root. Nothing happens when it is there as it should be.
import { type Ssh, type SshTarget, shellQuoted } from "./ssh.ts";

export type RemoteFile = {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
  /** A command that must succeed with the new file in place; else the old one, or none, is put back. */
  readonly check?: string | undefined;
};

/** Answers whether the file was written. By standard input, since arguments are seen by everybody on both ends. */
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
  echo "${path} was not accepted, and is as it was: $(head -n 3 "$new" | tr '\\n' ' ')" >&2
  exit 1
fi
echo written
`;
  return (await ssh(target, `sudo sh -c ${shellQuoted(command)}`, { stdin: content })) !== "";
}
