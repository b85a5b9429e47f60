#!/bin/sh
# Prepares a job of the pipeline: packages, Pulumi at the pinned version, login, stack, SSH key, host keys, plan.
# Needs STACK, BACKEND, PULUMI_CONFIG_PASSPHRASE and Scaleway's credentials; with SSH_AUTH_SOCK also SSH_PRIVATE_KEY and KNOWN_HOSTS.
set -eu
umask 077
cd "$(dirname "$0")/.."

for name in STACK BACKEND PULUMI_CONFIG_PASSPHRASE SCW_ACCESS_KEY SCW_SECRET_KEY; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || { echo "$name is not set; docs/pipeline.md lists what a pipeline needs" >&2; exit 1; }
done

make --no-print-directory install
version=$(sed -n 's/.*"@pulumi\/pulumi": "\(.*\)".*/\1/p' package.json)
if ! command -v pulumi >/dev/null; then
  curl -fsSL https://get.pulumi.com | sh -s -- --version "$version" >&2
fi
# Object storage acts in the project that the access key names.
pulumi login "$BACKEND"
pulumi stack select "$STACK"

mkdir -p .cloud
[ -z "${KNOWN_HOSTS:-}" ] || printf '%s\n' "$KNOWN_HOSTS" >.cloud/known_hosts
if [ -n "${SSH_AUTH_SOCK:-}" ] && [ -n "${SSH_PRIVATE_KEY:-}" ]; then
  [ -S "$SSH_AUTH_SOCK" ] || ssh-agent -a "$SSH_AUTH_SOCK" >/dev/null
  printf '%s\n' "$SSH_PRIVATE_KEY" | ssh-add -q -
fi
command -v hatch >/dev/null || pipx install --quiet hatch
