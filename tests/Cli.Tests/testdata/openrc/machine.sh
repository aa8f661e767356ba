#!/bin/bash
# machine.sh OPENRC SERVICE KLEENE SCRIPT: a machine on which OpenRC starts and stops services, without being the first process.
# It has this machine's files with those of OPENRC (a directory) in front of them, and the one SERVICE beside 'localmount'. What the service calls as
# kleene is KLEENE, words for a shell, in the mounts of this machine. SCRIPT, a line of shell, has 'boot', 'shutdown' and 'outside WORDS...'.
set -euo pipefail
if [ -z "${outer-}" ]; then
    outer=$$ unshare -m --propagation private "$0" "$@"
    exit
fi

openrc=$1 service=$2 kleene=$3 script=$4
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/machine
# overlayfs takes no layer that lies in another one (ELOOP).
cp -a "$openrc" /mnt/openrc
mount -t overlay overlay -o "lowerdir=/mnt/openrc:/,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/machine
cd /mnt/machine
for directory in proc sys dev; do mount --rbind "/$directory" "$directory"; done
mount -t tmpfs tmpfs run
mkdir run/openrc
touch run/openrc/softlevel

rm -rf etc/init.d etc/runlevels
mkdir -p etc/init.d etc/runlevels/{sysinit,boot,default,shutdown} usr/local/bin
printf '#!/sbin/openrc-run\nstart() { :; }\n' > etc/init.d/localmount
install -m 755 "$service" etc/init.d/kleene
chmod 755 etc/init.d/localmount
touch etc/insserv.conf
printf '#!/bin/sh\nexec nsenter --mount=/proc/%s/ns/mnt %s "$@"\n' "$outer" "$kleene" > usr/local/bin/kleene
chmod 755 usr/local/bin/kleene
ln -s /etc/init.d/localmount etc/runlevels/boot/localmount
ln -s /etc/init.d/kleene etc/runlevels/default/kleene

cat > machine <<'END'
boot() { for level in sysinit boot default; do /sbin/openrc "$level" > /dev/null || return 1; done; }
shutdown() { /sbin/openrc shutdown > /dev/null; }
END
exec chroot . /bin/bash -c ". /machine; $script"
