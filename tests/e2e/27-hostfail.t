#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 180
# Machines that are not ready, and images that do not fit: each message names the object and the fix. What only root can
# break is broken in the run as root, and kubeplay then runs as kptest.
# shellcheck disable=SC2317
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

pod() { # NAME IMAGE COMMAND HOSTPORT
	cat >"$1.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: app
		    image: $2
		    command: $3
		$([ -z "${4-}" ] || echo "    ports: [{containerPort: 80, hostPort: $4}]")
	END
}
pod plain busybox:1.35 '[sleep, "1000"]'

if [ "$KP_AS" = user ]; then
	load busybox
	kp up --network none plain.yaml >/dev/null 2>&1 # what stays on purpose is there then
	kp down plain.yaml >/dev/null 2>&1

	# --- ports
	port=$(free_port)
	bg busybox httpd -f -p "$port" -h .
	wait_for 5 try_tcp 127.0.0.1 "$port" || bail 'no server'
	pod taken busybox:1.35 '[sleep, "1000"]' "$port"
	snapshot before
	run kp up taken.yaml
	is "$status" 5 'a hostPort in use is exit code 5'
	like "$err" "$port.*in use" 'it names the port'
	like "$err" "$bg_pid.*busybox|busybox.*$bg_pid" 'and who has it'
	like "$err" 'taken' 'and the pod'
	snapshot after
	ok 'and nothing was made' snapshot_diff before after
	pod low busybox:1.35 '[sleep, "1000"]' 80
	run kp up low.yaml
	is "$status" 5 'port 80 without privilege is exit code 5'
	like "$err" '80' 'it names the port'
	like "$err" 'ip_unprivileged_port_start' 'and the sysctl that allows it'
	port=$(free_port)
	pod one busybox:1.35 '[sleep, "1000"]' "$port"
	{ cat one.yaml && echo --- && sed 's/name: one/name: two/' one.yaml; } >both.yaml
	run kp up both.yaml
	is "$status" 3 'two pods of a file with one hostPort is a mistake in the file'
	like "$err" "both.yaml:[0-9]+:[0-9]+: .*$port" 'whose place is named'

	# --- commands
	pod nocmd busybox:1.35 '[no-such-program]'
	run kp up --network none nocmd.yaml
	is "$status" 1 'an image without the command is exit code 1'
	like "$err" 'nocmd' 'it names the pod'
	like "$err" 'app' 'the container'
	like "$err" 'no-such-program.*(not found|No such file)' 'and the command'
	run kp down nocmd.yaml
	is "$status" 0 'down'
	pod noexec busybox:1.35 '[/etc/passwd]'
	run kp up --network none noexec.yaml
	is "$status" 1 'a command that is not executable is exit code 1'
	like "$err" '/etc/passwd.*([Pp]ermission|not executable)' 'and says so'
	run kp down noexec.yaml
	pod fails busybox:1.35 '[sh, -c, "echo because of this >&2; exit 3"]'
	run kp up --network none fails.yaml
	is "$status" 1 'a container that fails at once and is not started again is exit code 1'
	like "$err" 'fails.*app.*code 3' 'it names pod, container and code'
	like "$err" 'because of this' 'and shows what it said last'
	is "$(kp ps -o json | jq -c '.items[0].status | [.phase, (.containerStatuses[0].state.terminated | .exitCode, .reason)]')" \
		'["Failed",3,"Error"]' 'ps says that it failed, and how'
	run kp logs fails
	like "$out$err" 'because of this' 'what it said is in the logs, as the pod is left for inspection'
	run kp down fails.yaml
	pod short busybox:1.35 '[sh, -c, "exit 0"]'
	run kp up --network none short.yaml
	is "$status" 0 'one that succeeds at once is exit code 0'
	run kp down short.yaml
	sed 's/restartPolicy: Never/restartPolicy: Always/; s/metadata: {name: fails}/metadata: {name: loops}/' fails.yaml >loops.yaml
	for _ in 1 2 3; do
		run kp up --network none loops.yaml
		[ "$status" = 0 ] || break
		wait_for 5 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' ps --no-headers | grep -q CrashLoopBackOff"
	done
	is "$status" 1 'a pod in CrashLoopBackOff is exit code 1'
	like "$err" 'loops.*app.*CrashLoopBackOff' 'which it says'
	run kp down loops.yaml
	pod user busybox:1.35 '[id]'
	sed -i 's/    command: .*/&\n    securityContext: {runAsUser: 3000000}/' user.yaml
	run kp up --network none user.yaml
	isnt "$status" 0 'a user id outside of the range fails'
	like "$err" '3000000' 'and is named'
	run kp down user.yaml

	# --- volumes
	pod host busybox:1.35 '[sleep, "1000"]'
	printf '    volumeMounts: [{name: h, mountPath: /h}]\n  volumes: [{name: h, hostPath: {path: %s/absent, type: Directory}}]\n' "$T" >>host.yaml
	run kp up --network none host.yaml
	isnt "$status" 0 'a hostPath that does not exist fails'
	like "$err" "$T/absent" 'and is named'
	run kp down host.yaml

	# --- storage that refuses chown: a FUSE file system, as some homes are
	mkdir real fuse
	if bindfs --no-allow-other --chown-deny --chgrp-deny real fuse 2>bindfs.err; then
		run "$KUBEPLAY" --root "$T/fuse/root" --runroot "$KP_RUNROOT" load "$IMAGES/busybox"
		is "$status" 5 'storage that refuses chown is exit code 5'
		like "$err" 'fuse' 'it names the file system'
		like "$err" "$T/fuse" 'the place'
		like "$err" '--root' 'and the way out'
		is "$(find real -type f -size +10k | wc -l)" 0 'before anything was written'
		run "$KUBEPLAY" --root "$T/fuse/root" --runroot "$KP_RUNROOT" doctor
		isnt "$status" 0 'doctor says so too'
		like "$out$err" 'fuse' 'by name'
		run "$KUBEPLAY" --root "$T/elsewhere" --runroot "$KP_RUNROOT" load "$IMAGES/busybox"
		is "$status" 0 'which then works'
		fusermount3 -u fuse 2>/dev/null || fusermount -u fuse
	else
		skip 8 "bindfs does not work here: $(head -1 bindfs.err)"
	fi
	run kp doctor
	is "$status" 0 'doctor is content with this machine'
	plan_done
fi

# --- as root: take things away, then run as somebody without privilege
uid=$(id -u kptest)
as() { # UID COMMAND...
	local id=$1
	shift
	setpriv --reuid "$id" --regid "$id" --clear-groups --inh-caps -all env HOME="$T/home.$id" USER="u$id" \
		XDG_RUNTIME_DIR="$T/xdg.$id" "$@"
}
home() {
	mkdir -p "$T/home.$1" "$T/xdg.$1"
	chown "$1:$1" "$T/home.$1" "$T/xdg.$1"
	chmod 0700 "$T/xdg.$1"
}
chmod 0755 "$KP_TMP"
home "$uid"
run as "$uid" "$KUBEPLAY" load "$IMAGES/busybox"
is "$status" 0 'kptest can load'
run as "$uid" "$KUBEPLAY" up plain.yaml
is "$status" 0 'and bring up'
run as "$uid" "$KUBEPLAY" down plain.yaml

# doctor fails exactly where up does: remember what it said, then ask up.
said() { doctor=$status; }
agrees() { is "$([ "$doctor" = 0 ] && echo works || echo fails)" "$([ "$status" = 0 ] && echo works || echo fails)" "doctor's exit code ($doctor) is right"; }

# A user nobody gave sub-ids to.
home 64321
run as 64321 "$KUBEPLAY" doctor
said
like "$out$err" '/etc/subuid' 'without sub-ids, doctor names the file'
like "$out$err" 'usermod --add-subuids|usermod.*subuids' 'and the command that fixes it'
as 64321 "$KUBEPLAY" load "$IMAGES/busybox" >/dev/null 2>&1
run as 64321 "$KUBEPLAY" up plain.yaml
agrees
like "$err" 'sub-?ids?|/etc/subuid' 'up warns or fails with the reason'
as 64321 "$KUBEPLAY" down plain.yaml >/dev/null 2>&1

# masked FILE COMMAND...: without that file.
masked() {
	local files=$1 f rc
	shift
	for f in $files; do
		mount --bind /dev/null "$f"
	done
	"$@"
	rc=$?
	for f in $files; do
		umount "$f"
	done
	return "$rc"
}
run masked /usr/bin/newuidmap as "$uid" "$KUBEPLAY" up plain.yaml
like "$err" 'newuidmap' 'without newuidmap: it is named'
like "$err" 'uidmap' 'and the package that has it'
if [ "$status" = 0 ]; then
	as "$uid" "$KUBEPLAY" down plain.yaml >/dev/null 2>&1
else
	is "$status" 5 'exit code 5'
fi
up_status=$status
run masked /usr/bin/newuidmap as "$uid" "$KUBEPLAY" doctor
like "$out$err" 'newuidmap' 'doctor names it as well'
said
status=$up_status
agrees

mknod -m 0600 tun c 10 200
mount --bind tun /dev/net/tun
run as "$uid" "$KUBEPLAY" doctor
like "$out$err" '/dev/net/tun' 'with /dev/net/tun closed, doctor names it'
like "$out$err" 'chmod|666|udev|rw' 'and the fix'
said
run as "$uid" "$KUBEPLAY" up plain.yaml
agrees
like "$err" '/dev/net/tun' 'up names it'
as "$uid" "$KUBEPLAY" down plain.yaml >/dev/null 2>&1
run as "$uid" "$KUBEPLAY" up --network none plain.yaml
is "$status" 0 '--network none does not need it'
as "$uid" "$KUBEPLAY" down plain.yaml >/dev/null 2>&1
umount /dev/net/tun

uplinks=$(find /usr/bin -name 'pas[st]*' -o -name slirp4netns | grep -E '/(pasta|passt|pasta.avx2|passt.avx2|slirp4netns)$' |
	xargs -r realpath | sort -u | tr '\n' ' ')
run masked "$uplinks" as "$uid" "$KUBEPLAY" doctor
like "$out$err" 'pasta|slirp4netns' 'without an uplink program, doctor names them'
like "$out$err" 'apt|install|package' 'and how to get one'
said
run masked "$uplinks" as "$uid" "$KUBEPLAY" up plain.yaml
agrees
like "$err" 'pasta|slirp4netns' 'up names them too'
as "$uid" "$KUBEPLAY" down plain.yaml >/dev/null 2>&1

# A run-time directory that is not ours.
mkdir -m 0777 "$T/open"
chmod 0777 "$T/open"
mkdir "$T/open/kubeplay"
run as "$uid" env XDG_RUNTIME_DIR="$T/open" "$KUBEPLAY" ps
like "$status$err" '^0|open/kubeplay' "somebody else's run-time directory is refused by name"
plan_done
