#!/bin/sh
# Keeps what make deployment cannot make again, and brings it back. Runs as root on the front-end.
#   run            dump oned's database, pack it with configuration and keys, encrypt it, send it to the bucket
#   restore        bring back the decrypted archive on standard input; FORCE=1 also into an OpenNebula that is in use
# The bucket's key may only write, and only the operator can decrypt. Whoever takes this machine can neither read nor
# destroy older backups.
set -eu
umask 077

SETTINGS=/etc/hosted-cloud-backup/settings
CREDENTIALS=/etc/hosted-cloud-backup/credentials
STATE=/var/lib/hosted-cloud-backup
METRICS=/var/lib/prometheus/node-exporter
ONED_CONF=/etc/one/oned.conf
# What make deployment and make specifics cannot make: users' keys, changed settings, drivers.
PATHS="etc/one var/lib/one/.one var/lib/one/.ssh var/lib/one/remotes var/lib/one/.scw-flexip.token"
SERVICES="opennebula opennebula-flow opennebula-gate opennebula-fireedge"
# These timers would act on Scaleway by what an old database says.
TIMERS="scw-flexip-reconcile.timer scw-flexip-metrics.timer"

fail() {
  echo "$1" >&2
  exit 1
}

main() {
  [ "$(id -u)" -eq 0 ] || fail "only root may do this; run it with sudo"
  work=$(mktemp -d /var/tmp/hosted-cloud-backup.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir "$work/archive"
  case ${1:-} in
    run) run ;;
    restore) restore ;;
    *) fail "unknown action '${1:-}'; the actions are run, restore" ;;
  esac
}

run() {
  [ -r "$SETTINGS" ] || fail "$SETTINGS is missing; run on the operator's machine: make backup"
  # shellcheck source=/dev/null
  . "$SETTINGS"
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  dump_database "$work/archive/database.sql"
  {
    echo "format=1"
    echo "made=$stamp"
    echo "opennebula=$(opennebula_version)"
  } >"$work/archive/manifest"
  mkdir "$work/archive/files"
  copy_files / "$work/archive/files"
  tar --create --gzip --numeric-owner --file "$work/backup.tar.gz" --directory "$work/archive" .
  age --encrypt --recipient "$RECIPIENT" --output "$work/backup.age" "$work/backup.tar.gz"
  send "$work/backup.age" "front-end/$stamp.tar.gz.age"
  note_success
  echo "kept front-end/$stamp.tar.gz.age, $(wc -c <"$work/backup.age") bytes"
}

# Dumps one moment, while oned goes on.
dump_database() {
  name=$(database_name)
  mariadb-dump --single-transaction --quick --default-character-set=utf8mb4 "$name" >"$1"
  # If the last line is there, everything before it is.
  tail -n 1 "$1" | grep -q '^-- Dump completed' || fail "the dump of database $name is not whole; look at: systemctl status mariadb"
}

# Comments in oned.conf name databases too; the pattern skips them.
database_name() {
  grep -q '^[^#]*BACKEND *= *"mysql"' "$ONED_CONF" 2>/dev/null ||
    fail "$ONED_CONF names no MySQL database; run: make deployment"
  name=$(sed -n 's/^[^#]*DB_NAME *= *"\([A-Za-z0-9_]*\)".*/\1/p' "$ONED_CONF" | head -n 1)
  echo "${name:-opennebula}"
}

opennebula_version() {
  dpkg-query --show --showformat='${Version}' opennebula 2>/dev/null | sed 's/^\([0-9]*\.[0-9]*\).*/\1/'
}

copy_files() {
  for path in $PATHS; do
    [ -e "${1%/}/$path" ] || continue
    (cd "$1" && cp --archive --parents "$path" "$2")
  done
}

# curl tries again after passing failures. The credentials are in a file, because everybody on the machine sees arguments.
send() {
  checksum=$(sha256sum "$1" | cut -d' ' -f1)
  curl --silent --show-error --fail-with-body --output "$work/answer" --config "$CREDENTIALS" --max-time 1800 \
    --retry 5 --retry-connrefused --aws-sigv4 "aws:amz:$REGION:s3" --header "x-amz-content-sha256: $checksum" \
    --upload-file "$1" "$URL/$2" 2>"$work/said" ||
    fail "the bucket did not take $2: $(tail -n 1 "$work/said") $(head -c 300 "$work/answer" 2>/dev/null)"
}

# For the alert HostedCloudBackupStale.
note_success() {
  mkdir -p "$STATE"
  date +%s >"$STATE/last-success"
  [ -d "$METRICS" ] || return 0
  {
    echo "# HELP hosted_cloud_backup_last_success_timestamp_seconds When the last backup was kept."
    echo "# TYPE hosted_cloud_backup_last_success_timestamp_seconds gauge"
    echo "hosted_cloud_backup_last_success_timestamp_seconds $(cat "$STATE/last-success")"
  } >"$METRICS/.hosted-cloud-backup"
  chmod 0644 "$METRICS/.hosted-cloud-backup"
  mv "$METRICS/.hosted-cloud-backup" "$METRICS/hosted-cloud-backup.prom"
}

restore() {
  tar --extract --gzip --file - --preserve-permissions --numeric-owner --directory "$work/archive" ||
    fail "the archive is not whole; nothing was changed"
  [ "$(value_of format)" = 1 ] || fail "the archive has another format; use the version of this project that made it"
  needs_same_opennebula
  tail -n 1 "$work/archive/database.sql" | grep -q '^-- Dump completed' || fail "the archive's dump is not whole; nothing was changed"
  name=$(database_name)
  needs_empty_cloud
  keep_present
  echo "stopping OpenNebula"
  # Services and timers that are not installed are skipped.
  for unit in $TIMERS; do systemctl disable --now "$unit" 2>/dev/null || true; done
  for unit in $SERVICES; do systemctl stop "$unit" 2>/dev/null || true; done
  echo "restoring database $name as of $(value_of made)"
  mariadb --execute "DROP DATABASE IF EXISTS $name; CREATE DATABASE $name CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
  mariadb --default-character-set=utf8mb4 "$name" <"$work/archive/database.sql"
  echo "restoring configuration and keys"
  copy_files "$work/archive/files" /
  echo "starting OpenNebula"
  for unit in $SERVICES; do systemctl start "$unit" || true; done
  echo "restored as of $(value_of made); what was here before is in $kept"
}

value_of() {
  sed -n "s/^$1=//p" "$work/archive/manifest"
}

# oned refuses a database of another version.
needs_same_opennebula() {
  theirs=$(value_of opennebula)
  ours=$(opennebula_version)
  [ "$theirs" = "$ours" ] || [ "${FORCE:-}" = 1 ] ||
    fail "the backup is of OpenNebula $theirs, here is ${ours:-none}; nothing was changed. Set oneVersion to $theirs, run make deployment, restore, then upgrade"
}

# State 6 is DONE: the virtual machine was terminated.
needs_empty_cloud() {
  has_table vm_pool || return 0
  count=$(ask "SELECT COUNT(*) FROM $name.vm_pool WHERE state <> 6")
  [ "$count" -eq 0 ] || [ "${FORCE:-}" = 1 ] ||
    fail "this front-end has $count virtual machines, which a restore would forget; nothing was changed. If it is the right one: make restore FORCE=1"
}

has_table() {
  [ "$(ask "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$name' AND table_name = '$1'")" -eq 1 ]
}

ask() {
  mariadb --batch --skip-column-names --execute "$1"
}

# Keeps what is here now, as a way back from a wrong restore.
keep_present() {
  kept=$STATE/before-$(date -u +%Y%m%dT%H%M%SZ)
  mkdir -p "$kept"
  if ask "SHOW DATABASES" | grep -qx "$name"; then dump_database "$kept/database.sql"; fi
  mkdir "$kept/files"
  copy_files / "$kept/files"
}

main "$@"
