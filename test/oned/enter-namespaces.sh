#!/bin/sh
# Run in fresh mount, network and process namespaces: gives them a /run, an /etc and a /var of their own (and a /usr, where
# PACKAGE is installed) and a loopback, then runs its arguments. All of it is gone with the last process.
set -e
mount -t tmpfs -o mode=755 rig /run
for folder in etc var ${PACKAGE:+usr}; do
  mkdir -p "/run/own/$folder/upper" "/run/own/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=/run/own/$folder/upper,workdir=/run/own/$folder/work" "/$folder"
done
mkdir -p /run/rig /var/tmp/one /var/lib/one /var/log/vnm
ip link set lo up
[ -z "$PACKAGE" ] || dpkg --install "$PACKAGE" >/dev/null
# A process that is no shell's last command: the shell stays as the namespace's init.
"$@"
exit $?
