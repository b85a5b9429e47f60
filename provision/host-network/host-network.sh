#!/bin/sh
# Changes the network layout of this host, with a way back. make network installs it and runs it as root.
#   facts                          what the network is now, as lines key=value
#   look SHA256 BR0 GW H2H VM2VM   what differs from a netplan file of this checksum with these addresses, a line each
#   stage                          check the netplan file on standard input in a scratch root, and keep it
#   apply SECONDS                  apply it; unless confirmed, the old layout comes back after SECONDS or at a reboot
#   confirm BR0 GATEWAY H2H VM2VM  keep it for good, once these addresses are up; run it over a new connection
#   restore REASON                 bring the old layout back, unless the new one was confirmed
# Until it is confirmed, the new layout is in /run/netplan, where it hides the files in /etc/netplan. Those stay untouched.
set -eu
umask 077

STATE=/var/lib/hosted-cloud-network
RUN=/run/hosted-cloud-network
LAYOUT=60-hosted-cloud.yaml
UNIT=hosted-cloud-network
CLOUD_INIT=/etc/cloud/cloud.cfg.d

# systemd-networkd, which is not root, reads what netplan writes.
run_netplan() (
  umask 022
  netplan "$@"
)

fail() {
  echo "$1" >&2
  exit 1
}

main() {
  action=${1:-}
  [ $# -eq 0 ] || shift
  case $action in
    facts | look) ;;
    *) mkdir -p "$STATE" "$RUN" ;;
  esac
  case $action in
    facts) facts ;;
    look) look "$@" ;;
    stage) stage ;;
    apply) apply "$1" ;;
    put) put ;;
    confirm) confirm "$@" ;;
    restore) restore "$1" ;;
    *) fail "unknown action '$action'; the actions are facts, look, stage, apply, confirm, restore" ;;
  esac
}

facts() {
  # cloud-init may still be writing the network of the first boot.
  if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null 2>&1 || true; fi
  route=$(ip -4 route show default | head -n 1)
  [ -n "$route" ] || fail "no IPv4 default route; the host's network is not as Scaleway delivers it"
  device=$(word_after dev "$route")
  nic=$device
  if [ -d "/sys/class/net/$device/bridge" ]; then nic=$(port_of "$device"); fi
  [ -n "$nic" ] || fail "bridge $device has no port with its own MAC; name the NIC's MAC in its netplan file"
  if [ -d "/sys/class/net/$nic/bonding" ] || [ -e "/proc/net/vlan/$nic" ]; then
    fail "default route goes through $nic, a bond or VLAN; this layout needs a plain NIC"
  fi
  echo "nic=$nic"
  echo "mac=$(cat "/sys/class/net/$nic/address")"
  echo "address=$(ip -4 -o address show dev "$device" scope global | awk '{ print $4; exit }')"
  echo "gateway=$(word_after via "$route")"
  echo "resolvers=$(resolvers)"
}

word_after() {
  printf '%s\n' "$2" | awk -v key="$1" '{ for (i = 1; i < NF; i++) if ($i == key) { print $(i + 1); exit } }'
}

# The NIC is the port whose MAC the bridge has; guests' ports have MACs of their own.
port_of() {
  for port in "/sys/class/net/$1/brif"/*; do
    [ -e "$port" ] || continue
    if cmp -s "/sys/class/net/${port##*/}/address" "/sys/class/net/$1/address"; then
      echo "${port##*/}"
      return
    fi
  done
}

resolvers() {
  found=
  for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
    [ -r "$file" ] || continue
    found=$(awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ { print $2 }' "$file" | tr '\n' ' ')
    [ -z "$found" ] || break
  done
  echo "${found% }"
}

look() {
  files=$(cd /etc/netplan && echo *)
  if [ "$files" != "$LAYOUT" ]; then
    echo "/etc/netplan holds $files"
  elif [ "$(sha256sum <"/etc/netplan/$LAYOUT")" != "$1  -" ]; then
    echo "/etc/netplan/$LAYOUT has another content"
  fi
  shift
  missing_of "$@"
}

stage() {
  [ ! -e "$RUN/pending" ] || fail "a change waits for its confirmation; the old layout comes back within minutes, try then"
  cat >"$STATE/candidate.yaml"
  check "$STATE/candidate.yaml"
  mv "$STATE/candidate.yaml" "$STATE/staged.yaml"
}

# netplan only warns of names that it cuts off and of two default routes, so any output from it is a refusal.
check() {
  scratch=$(mktemp -d)
  mkdir -p "$scratch/etc/netplan" "$scratch/run/netplan" "$scratch/lib/netplan"
  for directory in run/netplan lib/netplan; do
    for file in "/$directory"/*.yaml; do
      [ ! -e "$file" ] || install -m 0600 "$file" "$scratch/$directory/"
    done
  done
  install -m 0600 "$1" "$scratch/etc/netplan/$LAYOUT"
  if run_netplan generate --root-dir "$scratch" >"$scratch/said" 2>&1 && [ ! -s "$scratch/said" ]; then
    rm -rf "$scratch"
    return
  fi
  said=$(tr '\n' ' ' <"$scratch/said")
  rm -rf "$scratch" "$1"
  fail "netplan refuses the new layout, nothing was changed: $said"
}

apply() {
  [ -e "$STATE/staged.yaml" ] || fail "nothing is staged; run stage first"
  [ ! -e "$RUN/pending" ] || fail "a change waits for its confirmation; the old layout comes back within minutes, try then"
  for link in br0 hosttohost vmtovm; do
    [ -e "/sys/class/net/$link" ] || echo "$link"
  done >"$RUN/new-links"
  rm -f "$STATE/restored"
  stop_timer
  : >"$RUN/pending"
  systemd-run --quiet --collect --unit="$UNIT-restore" --on-active="$1" \
    "$0" restore "nobody confirmed the new layout within $1 seconds"
  # Detached, because the connection that asked for it may break.
  systemd-run --quiet --collect --unit="$UNIT-apply" "$0" put
}

put() {
  mkdir -p /run/netplan
  for file in /etc/netplan/*.yaml; do
    [ -e "$file" ] || continue
    [ -e "/run/netplan/${file##*/}" ] || hide "${file##*/}"
  done
  install -m 0600 "$STATE/staged.yaml" "/run/netplan/$LAYOUT"
  run_netplan apply >"$RUN/apply.log" 2>&1 || restore "netplan apply failed: $(tr '\n' ' ' <"$RUN/apply.log")"
}

hide() {
  printf 'network:\n  version: 2\n' >"/run/netplan/$1"
  echo "$1" >>"$RUN/hidden"
}

confirm() {
  exec 9>"$RUN/lock"
  flock 9
  [ -e "$RUN/pending" ] || fail "nothing to confirm: $(cat "$STATE/restored" 2>/dev/null || echo "no change was begun")"
  seconds=20
  until missing=$(missing_of "$@") && [ -z "$missing" ]; do
    [ "$seconds" -gt 0 ] || fail "the new layout is not complete, the old one comes back by itself: $missing"
    seconds=$((seconds - 1))
    sleep 1
  done
  keep
  stop_timer
}

# A timer that goes on would end a later change.
stop_timer() {
  systemctl stop "$UNIT-restore.timer" 2>/dev/null || true
}

missing_of() {
  has_address br0 "$1" || echo "$1 is not on br0"
  ip -4 route show default | grep -q "^default via $2 dev br0 " || echo "the default route is not via $2 on br0"
  has_address hosttohost "$3" || echo "$3 is not on hosttohost"
  has_address vmtovm "$4" || echo "$4 is not on vmtovm"
}

has_address() {
  ip -4 -o address show dev "$1" 2>/dev/null | grep -qF " inet $2 "
}

keep() {
  before=$STATE/before-$(date -u +%Y%m%dT%H%M%SZ)
  cp -a /etc/netplan "$before"
  # The new file comes first, because a power cut in between must leave two layouts, not none.
  install -m 0600 "$STATE/staged.yaml" "/etc/netplan/.$LAYOUT"
  mv "/etc/netplan/.$LAYOUT" "/etc/netplan/$LAYOUT"
  for file in /etc/netplan/*.yaml; do
    [ "$file" = "/etc/netplan/$LAYOUT" ] || rm "$file"
  done
  if [ -d "$CLOUD_INIT" ]; then echo 'network: {config: disabled}' >"$CLOUD_INIT/99-hosted-cloud-network.cfg"; fi
  clear_run
  run_netplan generate
}

restore() {
  exec 9>"$RUN/lock"
  flock 9
  [ -e "$RUN/pending" ] || return 0
  stop_timer
  # A NIC does not leave a bridge by itself when its configuration no longer names it.
  while read -r link; do ip link delete "$link" 2>/dev/null || true; done <"$RUN/new-links"
  clear_run
  echo "the old layout is back, because $1" >"$STATE/restored"
  run_netplan apply
}

clear_run() {
  rm -f "/run/netplan/$LAYOUT"
  if [ -e "$RUN/hidden" ]; then
    while read -r name; do rm -f "/run/netplan/$name"; done <"$RUN/hidden"
  fi
  rm -f "$RUN/hidden" "$RUN/pending" "$RUN/new-links"
}

main "$@"
