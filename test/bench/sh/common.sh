# What the plain programs need: settings, the document's text, one call. $1 is the settings file.
set -eu
. "$1"
document=$(base64 -d)

xpath() { printf '%s' "$document" | xmllint --xpath "$1" -; }

# One GET below the zone's flexible IPs. The token stays out of the arguments, which others can read.
call() {
  printf 'X-Auth-Token: %s\n' "$(cat "$TOKEN_FILE")" |
    curl --silent --show-error --fail --max-time 15 --header @- \
      "$API_URL/flexible-ip/v1alpha1/zones/$ZONE/fips/$1"
}

fail() {
  echo "$1" >&2
  exit 1
}
