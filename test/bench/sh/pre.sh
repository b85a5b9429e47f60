#!/bin/sh
# What pre asks and checks of a NIC whose address is attached already, field by field.
. "${0%/*}/common.sh"
id=$(xpath 'string(//NIC/SCW_FLEXIBLE_IP_ID)')
[ -n "$id" ] || exit 0
ip=$(xpath 'string(//NIC[SCW_FLEXIBLE_IP_ID]/IP)')
mac=$(xpath 'string(//NIC[SCW_FLEXIBLE_IP_ID]/MAC)')
server=$(cut -d/ -f2 "$SERVER_ID_FILE")
answer=$(call "$id")
field() { printf '%s' "$answer" | jq --raw-output "$1"; }
[ "$(field '.ip_address | split("/")[0]')" = "$ip" ] || fail "pre: $id is not $ip"
[ "$(field .mac_address.mac_address)" = "$mac" ] || fail "pre: $ip has another virtual MAC"
[ "$(field .project_id)" = "$PROJECT_ID" ] || fail "pre: $ip is of another project"
[ "$(field .server_id)" = "$server" ] || fail "pre: $ip is not attached here"
[ "$(field .status)" = attached ] || fail "pre: $ip is not attached"
