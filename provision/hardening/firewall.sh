#!/bin/sh
# Changes the firewall of this host, with a way back. make hardening installs it and runs it as root.
#   look SHA256     what differs from rules of this checksum, a line each
#   stage           check the rules on standard input, and keep them
#   apply SECONDS   load them; unless confirmed, the old rules come back after SECONDS or at a reboot
#   confirm         keep them for good; run it over a new connection
#   restore REASON  bring the old rules back, unless the new ones were confirmed
#   start           load the kept rules (hosted-cloud-firewall.service does, at boot)
set -eu
umask 077

STATE=/var/lib/hosted-cloud-firewall
RUN=/run/hosted-cloud-firewall
RULES=/etc/hosted-cloud/firewall.nft
UNIT=hosted-cloud-firewall
TABLE="inet hosted_cloud"

fail() {
  echo "$1" >&2
  exit 1
}

main() {
  action=${1:-}
  [ $# -eq 0 ] || shift
  [ "$action" = look ] || mkdir -p "$STATE" "$RUN" "${RULES%/*}"
  case $action in
    look) look "$1" ;;
    stage) stage ;;
    apply) apply "$1" ;;
    confirm) confirm ;;
    restore) restore "$1" ;;
    start) nft -f "$RULES" ;;
    *) fail "unknown action '$action'; the actions are look, stage, apply, confirm, restore, start" ;;
  esac
}

look() {
  if [ "$(sha256sum 2>/dev/null <"$RULES")" != "$1  -" ]; then
    echo "$RULES has another content"
  elif ! is_loaded; then
    echo "the firewall is not in force"
  elif [ "$(loaded_checksum)" != "$(cat "$STATE/loaded" 2>/dev/null)" ]; then
    echo "the rules in force are not those of $RULES"
  fi
}

is_loaded() {
  # shellcheck disable=SC2086 # family and name
  nft list table $TABLE >/dev/null 2>&1
}

loaded_checksum() {
  # shellcheck disable=SC2086 # family and name
  nft --stateless list table $TABLE | sha256sum
}

stage() {
  [ ! -e "$RUN/pending" ] || fail "a change waits for its confirmation; the old rules come back within minutes, try then"
  cat >"$STATE/candidate.nft"
  if ! nft --check -f "$STATE/candidate.nft" 2>"$RUN/said"; then
    rm "$STATE/candidate.nft"
    fail "nft refuses the new rules, nothing was changed: $(head -n 3 "$RUN/said" | tr '\n' ' ')"
  fi
  mv "$STATE/candidate.nft" "$STATE/staged.nft"
}

apply() {
  [ -e "$STATE/staged.nft" ] || fail "nothing is staged; run stage first"
  [ ! -e "$RUN/pending" ] || fail "a change waits for its confirmation; the old rules come back within minutes, try then"
  # A timer that goes on would end a later change.
  stop_timer
  rm -f "$STATE/restored"
  : >"$RUN/pending"
  systemd-run --quiet --collect --unit="$UNIT-restore" --on-active="$1" \
    "$0" restore "nobody confirmed the new rules within $1 seconds"
  nft -f "$STATE/staged.nft" || restore "nft could not load the new rules"
}

confirm() {
  exec 9>"$RUN/lock"
  flock 9
  [ -e "$RUN/pending" ] || fail "nothing to confirm: $(cat "$STATE/restored" 2>/dev/null || echo "no change was begun")"
  install -m 0600 "$STATE/staged.nft" "$RULES.new"
  mv "$RULES.new" "$RULES"
  loaded_checksum >"$STATE/loaded"
  rm "$RUN/pending"
  stop_timer
  systemctl enable hosted-cloud-firewall.service
}

restore() {
  exec 9>"$RUN/lock"
  flock 9
  [ -e "$RUN/pending" ] || return 0
  stop_timer
  # shellcheck disable=SC2086 # family and name
  if [ -e "$RULES" ]; then nft -f "$RULES"; else nft delete table $TABLE 2>/dev/null || true; fi
  rm "$RUN/pending"
  echo "the old rules are back, because $1" >"$STATE/restored"
}

stop_timer() {
  systemctl stop "$UNIT-restore.timer" 2>/dev/null || true
}

main "$@"
