#!/bin/sh
# What get_address asks and checks, field by field. It keeps no journal.
. "${0%/*}/common.sh"
ip=$(xpath 'string(//AR/IP)')
mac=$(xpath 'string(//AR/MAC)')
id=$(xpath 'string(//AR/SCW_FLEXIBLE_IP_ID)')
answer=$(call "$id")
field() { printf '%s' "$answer" | jq --raw-output "$1"; }
[ "$(field '.ip_address | split("/")[0]')" = "$ip" ] || fail "get_address: $id is not $ip"
[ "$(field .mac_address.mac_address)" = "$mac" ] || fail "get_address: $ip has lost its virtual MAC"
[ "$(field .project_id)" = "$PROJECT_ID" ] || fail "get_address: $ip is of another project"
[ "$(field '.tags | index("scw-flexip:cloud=one") != null')" = true ] || fail "get_address: $ip is of another cloud"
case $(field .status) in error | locked) fail "get_address: $ip cannot serve" ;; esac
printf 'ADDRESS = [\n  IP = "%s"\n]\n' "$ip"
