// What root's commands hand down to oneadmin, on a machine with a self-contained OpenNebula below /var/lib.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../rig.ts";
import { SERVER_A } from "./cloud-rig.ts";
import { onRootMachine } from "./root-machine.ts";

const LOCATION = "/var/lib/self-contained";
const CONF = `${LOCATION}/var/remotes/etc/ipam/scw-flexip/scw-flexip.conf`;

const TOOL = `echo "called: \${0##*/} $* as $(id -u) $(id -g), home $HOME" >> /calls
case "\${0##*/} $1" in
  "onevnet list") echo "<VNET_POOL/>" ;;
  "onevm list") echo "<VM_POOL/>" ;;
  "onezone show") echo "<ZONE><SERVER_POOL/></ZONE>" ;;
  "onehost list") echo "<HOST_POOL/>" ;;
  "systemctl restart") start-oned ;;
esac`;

// Each command stands behind the exit code that it must have. Whatever is wrong is printed after "==".
const SCRIPT = `
check() { want=$1; shift; code=0; "$@" || code=$?; [ $code = $want ] || echo "== exit code $code, not $want: $*"; }
run() { want=$1; shift; check $want "$EXECUTABLE" "$@" --one-location ${LOCATION}; }
as() { user=$1; want=$2; shift 2; check $want setpriv --reuid $user --regid $user --clear-groups "$EXECUTABLE" "$@"; }
touch /began
chmod 666 /calls
chown -R oneadmin:oneadmin ${LOCATION}/var
run 0 install --frontend --host --server-id "$ZONE/${SERVER_A}" --token-stdin --restart --sync < /root/key
sed -i "s#^ZONE=.*#ZONE=\\"$ZONE\\"#; s#^PROJECT_ID=.*#PROJECT_ID=\\"$PROJECT\\"#; s#^.API_URL=.*#API_URL=\\"$URL\\"#" ${CONF}
run 0 doctor --frontend
run 0 install --frontend --restart
touch -d "+1 minute" ${LOCATION}/etc/oned.conf
run 1 doctor --frontend
run 0 install --frontend --restart
chown root ${CONF}
chmod 600 ${CONF}
run 1 doctor --frontend
chown oneadmin ${CONF}
chmod 700 ${LOCATION}/etc
as 65534 1 install --frontend --one-location ${LOCATION}
as 65534 1 uninstall --force --frontend --one-location ${LOCATION}
chmod 755 ${LOCATION}/etc
chown root:root /var/log/vnm
run 0 install --host
mkdir -p /var/lib/host/var/log /var/lib/host/etc/logrotate.d /var/lib/host/var/lib/one
cp /etc/passwd /var/lib/host/etc/passwd
chown -R oneadmin:oneadmin /var/lib/host/var/lib/one
as 9869 3 install --host --root /var/lib/host --server-id "$ZONE/${SERVER_A}"
run 0 reconcile --apply
find ${LOCATION}/var /var/log ! -user oneadmin -newer /began ! -path /var/log -printf '== of another user: %p\\n'
chown root ${LOCATION}/var/.scw-flexip.token
run 1 list
chown oneadmin ${LOCATION}/var/.scw-flexip.token
as 65534 1 logs --one-location ${LOCATION}
run 0 uninstall --frontend --host --purge --restart
find ${LOCATION}/var -type f -printf '== left: %p\\n'
sort -u /calls
echo "== end"
`;

onRootMachine("root's commands read and write as oneadmin", async (machine) => {
  for (const name of ["onevnet", "onevm", "onehost", "onezone", "systemctl"]) machine.tool(name, TOOL);
  machine.oned(`${LOCATION}/bin/oned`);
  machine.folder(`${LOCATION}/var`);
  machine.write("calls", "");
  const onedConf = readFileSync(join(REPOSITORY, "fixtures/oned-conf/small.conf"));
  machine.write(`${LOCATION}/etc/oned.conf`, onedConf);
  const said = await machine.follow(SCRIPT);
  assert.deepEqual(said.match(/^== .*$/gm), ["== end"], said);
  // Root does not lend oneadmin its rights.
  assert.match(said, /scw-flexip list: token file .* cannot be read \(EACCES/);
  assert.match(said, /^settings, front-end:\n {2}chown oneadmin:oneadmin \S*scw-flexip\.conf$/m);
  assert.match(said, /^scw-flexip install: .*oned\.conf.*; run this as root/m);
  assert.match(said, /^scw-flexip uninstall: .*; run this as root/m);
  assert.doesNotMatch(said, /internal error/);
  assert.match(said, /^give to oneadmin \/var\/log\/vnm$/m);
  assert.match(said, /^root is needed for the rest: install -d .* \/var\/lib\/host\/var\/log\/vnm$/m);
  assert.match(said, /^scw-flexip logs: settings, key and logs belong to oneadmin; run this as root or as oneadmin$/m);
  assert.deepEqual(
    [...said.matchAll(/^called: (.*)$/gm)].map(([, call]) => call?.trim()),
    [
      "onehost list -x as 9869 9869, home /var/lib/one",
      "onehost sync -f as 9869 9869, home /var/lib/one",
      "onevm list -x as 9869 9869, home /var/lib/one",
      "onevnet list -x as 9869 9869, home /var/lib/one",
      "onezone show 0 -x as 9869 9869, home /var/lib/one",
      "systemctl restart opennebula as 0 0, home",
    ],
  );
});
