#!/bin/sh
# A host for tests: its own root below DIR and its own network, with a real sshd, sudo and netplan in it.
#   host.sh DIR   runs in the host's network namespace until it is killed
# The programs in stand-ins/ take the place of systemd, which needs a machine of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
root=$dir/root
mount --make-rprivate /

mkdir -p "$root/usr" "$root/proc" "$root/sys" "$root/dev" "$root/run/sshd" "$root/tmp" "$root/etc/netplan" \
  "$root/etc/cloud/cloud.cfg.d" "$root/etc/ssh" "$root/var/lib" "$root/var/log" "$root/var/tmp" "$root/root" \
  "$root/home/ubuntu/.ssh" "$root/opt" "$dir/local/sbin" "$dir/local/bin"
chmod 1777 "$root/tmp" "$root/var/tmp"
for link in bin sbin lib lib64; do ln -sfn "usr/$link" "$root/$link"; done
mount --bind /usr "$root/usr"
mount -o remount,ro,bind "$root/usr"
mount --bind "$dir/local" "$root/usr/local"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
ln -sfn "$here/stand-ins" "$dir/stand-ins"
mkdir -p "$root/opt/stand-ins"
mount --bind "$here/stand-ins" "$root/opt/stand-ins"
if [ -e "$dir/mounts" ]; then
  while read -r source target; do
    mkdir -p "$root$target"
    mount --bind "$source" "$root$target"
  done <"$dir/mounts"
fi

cp -r /etc/pam.d /etc/security /etc/alternatives "$root/etc/"
echo "127.0.0.1 localhost $(hostname)" >"$root/etc/hosts"
for file in ld.so.cache ld.so.conf nsswitch.conf login.defs environment; do
  [ ! -e "/etc/$file" ] || cp "/etc/$file" "$root/etc/"
done
cat >"$root/etc/passwd" <<EOF
root:x:0:0:root:/root:/bin/bash
sshd:x:105:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
ubuntu:x:1000:1000::/home/ubuntu:/bin/bash
oneadmin:x:9869:9869::/var/lib/one:/bin/bash
EOF
cat >"$root/etc/group" <<EOF
root:x:0:
nogroup:x:65534:
ubuntu:x:1000:
oneadmin:x:9869:
EOF
for user in root sshd nobody ubuntu oneadmin; do echo "$user:*:19000:0:99999:7:::"; done >"$root/etc/shadow"
cat >"$root/etc/sudoers" <<EOF
Defaults secure_path="/opt/stand-ins:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults !use_pty
root ALL=(ALL) NOPASSWD: ALL
ubuntu ALL=(ALL) NOPASSWD: ALL
EOF
chmod 0440 "$root/etc/sudoers"
echo "nameserver 127.0.0.53
nameserver 192.0.2.53" >"$root/etc/resolv.conf"
cp "$dir/authorized_keys" "$root/home/ubuntu/.ssh/authorized_keys"
chown -R 1000:1000 "$root/home/ubuntu"
chmod 0700 "$root/home/ubuntu/.ssh"
[ -e "$root/etc/ssh/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/key"

cat >"$root/etc/ssh/sshd_config" <<EOF
HostKey /etc/ssh/key
AuthorizedKeysFile .ssh/authorized_keys
UsePAM no
PasswordAuthentication no
SetEnv PATH=/opt/stand-ins:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LogLevel VERBOSE
EOF
exec chroot "$root" /usr/sbin/sshd -D -e
