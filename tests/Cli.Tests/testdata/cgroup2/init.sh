# The first process of a small machine that has nothing but version 2 of the control groups. Its files are the host's: what it finds out it writes
# into the directory $out; its state and its trees are in memory. $kleene is the program that is tried.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root
trap 'busybox poweroff -f' EXIT
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox insmod "$(find /usr/lib/uml/modules -name overlay.ko)"

mkdir -p /run/tree/bin
cp "$(command -v busybox)" /run/tree/bin/busybox
for name in sh cat dd echo sleep seq touch; do ln -s busybox /run/tree/bin/$name; done
kleene() { "$kleene" --root /run/state --storage overlay "$@"; }
kleene image create -t tree dir /run/tree > "$out/image" 2>&1

mkdir /run/context
printf 'FROM tree\nRUN cat /proc/self/cgroup\n' > /run/context/Kleenefile
kleene --log-level debug build --network none --progress plain /run/context > "$out/build" 2>&1

for runtime in crun runc; do
    KLEENE_RUNTIME=$runtime kleene run --rm --network none --memory 32m --memory-reservation 16m --cpus 0.5 --cpu-shares 512 --pids-limit 20 tree \
        sh -c 'cd /sys/fs/cgroup; cat memory.max memory.low cpu.max cpu.weight pids.max; for i in $(seq 30); do sleep 10 & done' > "$out/limits.$runtime" 2> "$out/forks.$runtime"
done
kleene run --rm --network none --cpuset-cpus 0 tree echo not reached > "$out/cpuset" 2>&1

mkdir /run/shared
kleene run --rm --network none --name web --memory 32m -v /run/shared:/shared tree \
    sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1; touch /shared/up; while true; do :; done' > /dev/null 2>&1 &
until [ -e /run/shared/up ]; do busybox usleep 20000; done
kleene top web > "$out/top" 2>&1
kleene stats --no-stream --format json web > "$out/before" 2>&1
kleene update --memory 128m --pids-limit 10 --cpus 0.1 web > "$out/update" 2>&1
cat /sys/fs/cgroup/kleene-*/cpu.max > "$out/quota" 2>&1
kleene stats --no-stream --format json web > "$out/after" 2>&1
kleene update --memory 6m web > "$out/small" 2>&1
kleene stop -t 0 web > "$out/stop" 2>&1
wait
ls -d /sys/fs/cgroup/kleene-* > "$out/left" 2>&1
