#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# What a container sees of itself and of the machine.
# shellcheck disable=SC2016
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
cat >pods.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: default
    image: busybox:1.35
    command: [probe, term, '0']
    env: [{name: A, value: b}]
  - name: user
    image: busybox:1.35
    command: [probe, term, '0']
    securityContext: {runAsUser: 1000, runAsGroup: 1000}
  - name: locked
    image: busybox:1.35
    command: [probe, term, '0']
    securityContext: {runAsUser: 1000, runAsGroup: 1000, allowPrivilegeEscalation: false}
  - name: none
    image: busybox:1.35
    command: [probe, term, '0']
    securityContext:
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL], add: [NET_BIND_SERVICE, CAP_CHOWN]}
  - name: privileged
    image: busybox:1.35
    command: [probe, term, '0']
    securityContext: {privileged: true}
END
run kp up --network none pods.yaml
is "$status" 0 'up'
in_c() {
	local c=$1
	shift
	kp exec -c "$c" p -- "$@"
}

# The container's own process is the one to look at, not what exec adds: pid 1 in there.
field() { in_c "$1" sed -n "s/^$2:[[:space:]]*//p" /proc/1/status; }

# CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE
default_caps=00000000a80425fb
is "$(field default CapBnd)" "$default_caps" "CapBnd is the kubelet's default set"
is "$(field default CapEff) $(field default CapPrm)" "$default_caps $default_caps" 'root has it in effect'
is "$(field default CapInh) $(field default CapAmb)" '0000000000000000 0000000000000000' 'nothing is inheritable or ambient'
is "$(field default NoNewPrivs)" 0 'NoNewPrivs is 0 by default'
is "$(field default Seccomp) $(field default Seccomp_filters)" '2 1' 'one seccomp filter is on'
is "$(field user CapBnd) $(field user CapEff) $(field user CapPrm)" "$default_caps 0000000000000000 0000000000000000" \
	'another user has the bounding set and nothing in effect'
is "$(field user Uid)" $'1000\t1000\t1000\t1000' 'runAsUser is all four user ids'
is "$(field user Gid)" $'1000\t1000\t1000\t1000' 'runAsGroup is all four group ids'
is "$(field locked NoNewPrivs) $(field locked Seccomp)" '1 2' 'allowPrivilegeEscalation: false is NoNewPrivs, with seccomp'
is "$(field none CapBnd) $(field none CapEff)" '0000000000000401 0000000000000401' 'drop ALL and add what was listed'
is "$(field privileged CapBnd)" "$(printf %016x $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))" \
	'privileged has all capabilities'
is "$(field privileged Seccomp)" 0 'privileged has no seccomp filter'

# --- setuid programs
like "$(in_c user suid)" 'ruid=1000 euid=0 .*NoNewPrivs=0 Seccomp=2' 'a setuid-root program gains uid 0 by default'
like "$(in_c locked suid)" 'ruid=1000 euid=1000 .*NoNewPrivs=1 Seccomp=2' \
	'and does not with allowPrivilegeEscalation: false'

# --- processes, descriptors, environment
is "$(in_c default cat /proc/1/cmdline | tr '\0' ' ')" 'probe term 0 ' 'the container is pid 1 of its own pid namespace'
is "$(in_c default sh -c 'ls -d /proc/[0-9]* | wc -l' | awk '{ print ($1 <= 4) }')" 1 'and sees no other processes'
is "$(in_c default sh -c 'ls /proc/1/fd | tr "\n" " "')" '0 1 2 ' 'it has the descriptors 0 to 2 only'
is "$(in_c default readlink /proc/1/fd/0)" /dev/null 'stdin is /dev/null'
like "$(in_c default readlink /proc/1/fd/1)" '^pipe:' 'stdout is a pipe'
is "$(in_c default probe fds | cut -d' ' -f1 | tr '\n' ' ')" '0 1 2 ' 'exec gives no others either'
is "$(in_c default cat /proc/1/environ | tr '\0' '\n' | sort | tr '\n' ' ')" \
	'A=b HOME=/root HOSTNAME=p PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=kubeplay ' \
	'the environment is the image, the manifest, HOME, HOSTNAME and container'
unlike "$(in_c default env)" "KP_|XDG_|$USER" 'nothing of the caller is in it'
is "$(in_c default readlink /proc/1/cwd)" / 'it starts in the working directory of the image'
is "$(in_c default awk '/^Sig(Ign|Blk)/ { print $2 }' /proc/1/status | tr '\n' ' ')" '0000000000000000 0000000000000000 ' \
	'no signal is ignored or blocked'
like "$(in_c default awk '/open files/ { print $4, $5 }' /proc/1/limits)" \
	"^$(ulimit -Sn) $(ulimit -Hn)$" "limits are the caller's"
is "$(in_c default cat /proc/1/oom_score_adj | awk '{ print ($1 > 0) }')" 1 'the container dies before its supervisor'

# --- ids
is "$(in_c default awk 'NR == 1 { print $1, $2 != "", $3 }' /proc/self/uid_map)" '0 1 1' 'uid 0 is one id: the user'
is "$(in_c default awk '{ n += $3 } END { print (n >= 65536) }' /proc/self/uid_map)" 1 'and 65536 in all'
host_pid=$(pgrep -u "$(id -u)" -f '^probe term 0$' | head -1)
is "$(stat -c %u "/proc/$host_pid")" "$(id -u)" 'root in the container is the user outside'
ok 'uid 1000 is a sub-id outside' bash -c \
	'for p in $(pgrep -f "^probe term 0$"); do [ "$(stat -c %u /proc/$p)" -gt 65535 ] && exit 0; done; exit 1'
is "$(in_c none sh -c 'echo x >/x' 2>&1 | grep -c 'Read-only')" 1 'readOnlyRootFilesystem is read-only'

# --- mounts and devices
mounts=$(in_c default cat /proc/self/mountinfo)
is "$(awk '$5 == "/" { for (i = 7; i <= NF; i++) if ($i == "-") print $(i + 1) }' <<<"$mounts" | grep -Ec 'overlay|fuse')" 1 \
	'the root is an overlay'
like "$(awk '$5 == "/proc" { print $6 }' <<<"$mounts")" 'nosuid,nodev,noexec' '/proc is nosuid,nodev,noexec'
like "$(awk '$5 == "/sys" { print $6 }' <<<"$mounts")" '^ro' '/sys is read-only'
like "$(awk '$5 == "/dev/shm" { print $6 }' <<<"$mounts")" 'nosuid,nodev,noexec' '/dev/shm is nosuid,nodev,noexec'
ok '/dev/mqueue is there' in_c default test -d /dev/mqueue
unlike "$(awk '{ print $4, $5 }' <<<"$mounts")" "$KP_ROOT|/oldroot|$T" 'no path of the host is among the mount points'
is "$(in_c default sh -c 'cd /dev; ls -d full null ptmx random tty urandom zero | tr "\n" " "')" \
	'full null ptmx random tty urandom zero ' 'the usual devices are there'
is "$(in_c default sh -c 'for f in fd stdin stdout stderr; do readlink /dev/$f; done | tr "\n" " "')" \
	'/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 ' 'and the links to descriptors'
not_ok 'no disk is' in_c default sh -c 'ls /dev | grep -qE "^(sd|vd|nvme|loop|mem|kmsg)"'
for f in kcore keys timer_list sched_debug; do
	is "$(in_c default sh -c "[ -e /proc/$f ] && head -c 10 /proc/$f 2>/dev/null | wc -c || echo 0")" 0 "/proc/$f is masked"
done
for d in acpi scsi; do
	is "$(in_c default sh -c "ls -A /proc/$d 2>/dev/null | wc -l")" 0 "/proc/$d is masked"
done
is "$(in_c default sh -c 'ls -A /sys/firmware 2>/dev/null | wc -l')" 0 '/sys/firmware is masked'
for f in sys sysrq-trigger irq bus fs; do
	like "$(in_c default sh -c "awk '\$5 == \"/proc/$f\" { print \$6 }' /proc/self/mountinfo; [ -e /proc/$f ] || echo ro")" '^ro' \
		"/proc/$f is read-only"
done
not_ok 'a sysctl cannot be written' in_c default sh -c 'echo 1 >/proc/sys/kernel/core_pattern'
not_ok 'nothing can be mounted' in_c default mount -t tmpfs x /mnt

# --- seccomp: what the default filter refuses
ptrace=101 keyctl=250 unshare=272 bpf=321
case $(uname -m) in aarch64) ptrace=117 keyctl=219 unshare=97 bpf=280 ;; esac
is "$(in_c default probe syscall "$keyctl" 0 0 0)" EPERM 'keyctl is refused'
is "$(in_c default probe syscall "$bpf" 0 0 0)" EPERM 'bpf is refused'
is "$(in_c default probe syscall "$unshare" 0x10000000)" EPERM 'a new user namespace is refused'
is "$(in_c default probe syscall 9999)" ENOSYS 'a system call from the future does not exist'
isnt "$(in_c default probe syscall "$ptrace" 0 0 0)" ENOSYS 'ptrace exists'

# --- separate namespaces
for n in mnt pid; do
	isnt "$(in_c default readlink "/proc/self/ns/$n")" "$(in_c user readlink "/proc/self/ns/$n")" "each container has its own $n namespace"
done
for n in net ipc uts user; do
	is "$(in_c default readlink "/proc/self/ns/$n")" "$(in_c user readlink "/proc/self/ns/$n")" "containers of a pod share the $n namespace"
	isnt "$(in_c default readlink "/proc/self/ns/$n")" "$(readlink "/proc/self/ns/$n")" "which is not the $n namespace of the host"
done
is "$(in_c default cat /proc/self/cgroup | tail -1 | cut -d: -f3 | grep -c kptest)" 0 'the place in the cgroup tree is not shown'
is "$(in_c default sh -c 'ls /sys/class/net | tr "\n" " "')" 'lo ' '--network none leaves lo only'
run kp down pods.yaml
is "$status" 0 'down'
plan_done
