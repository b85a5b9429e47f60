#!/bin/sh
# Tries the built tree as OpenNebula sees it, with no Node, npm or settings around.
set -eu
cd "$(dirname "$0")/.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -RL remotes/. "$tree/"
fail() { echo "smoke: $1" >&2; exit 1; }
run() { env -i PATH=/usr/bin:/bin "$@"; }

command -v node >/dev/null && [ "$(command -v node)" = /bin/node ] && echo "smoke: note: a node is in /bin"
run "$tree/ipam/scw-flexip/scw-flexip" --version | grep -q '^scw-flexip [0-9]' || fail "--version does not answer"
run "$tree/ipam/scw-flexip/scw-flexip" --help | grep -q register_address_range || fail "--help does not answer"

for shim in "$tree"/ipam/scw-flexip/*_address* "$tree"/vnm/bridge/*.d/*; do
  [ -x "$shim" ] || fail "$shim is not executable"
  case $(basename "$shim") in *.*) fail "$shim has a dot in its name: run-parts would skip it" ;; esac
  status=0
  echo 'no base64!' | run "$shim" >"$tree/out" 2>"$tree/err" || status=$?
  # clean says so and succeeds: oned would take the end of a guest that is gone for failed.
  case $shim in *clean.d*) expected="0 1 0" ;; *) expected="1 0 1" ;; esac
  [ "$status $(wc -l <"$tree/out") $(wc -l <"$tree/err")" = "$expected" ] || fail "$shim takes what is no base64"
done

# A hook finds the executable from wherever it is called, and costs a VM without a NIC nothing: no settings are here.
vm=$(printf '<VM><ID>1</ID><TEMPLATE/></VM>' | base64)
(cd "$tree/vnm/bridge/pre.d" && echo "$vm" | run sh 01-scw-flexip) || fail "the hook depends on how it is called"
(cd / && echo "$vm" | run "$tree/vnm/bridge/clean.d/01-scw-flexip") || fail "the hook depends on the folder"
echo "smoke: the built tree runs"
