#!/bin/sh
# What get_address asks and checks, with one process for each tool. It keeps no journal.
. "${0%/*}/common.sh"
IFS='|' read -r ip mac id <<END
$(xpath 'concat(//AR/IP, "|", //AR/MAC, "|", //AR/SCW_FLEXIBLE_IP_ID)')
END
call "$id" | jq --exit-status --arg ip "$ip" --arg mac "$mac" --arg project "$PROJECT_ID" '
  (.ip_address | split("/")[0]) == $ip and .mac_address.mac_address == $mac and .project_id == $project
  and (.tags | index("scw-flexip:cloud=one")) != null and (.status | IN("error", "locked") | not)' >/dev/null ||
  fail "get_address: flexible IP $ip cannot serve"
printf 'ADDRESS = [\n  IP = "%s"\n]\n' "$ip"
