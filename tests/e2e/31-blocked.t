#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 120
# A container that cannot even be killed for a while (it waits in fsync for a file system that does not answer) outlives
# its supervisor: until it is gone, no command touches its claim. The file system is FUSE, whose server is stopped.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
mkdir -m 0777 real fuse
chmod 0777 real fuse
other=()
[ "$KP_AS" = root ] || other=(--no-allow-other)
# Slow as well: only a request that the server has in its hands keeps its caller alive, so it must nearly always have one.
bindfs "${other[@]}" --write-rate=20 real fuse 2>bindfs.err || bail "bindfs: $(cat bindfs.err)"
server=$(pgrep -x bindfs)
thaw() { kill -CONT "$server" 2>/dev/null; }

pod() { # COMMAND, after "begun" stands in the claim
	cat <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: data}
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: c
		    image: busybox:1.35
		    command: [sh, -c, 'echo begun >>/data/log; $1']
		    volumeMounts: [{name: data, mountPath: /data}${2-}]
		  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}${3-}]
	END
}
pod 'exec probe fsync /slow/log blocked' ', {name: slow, mountPath: /slow}' ", {name: slow, hostPath: {path: $T/fuse}}" >slow.yaml
pod 'exec sleep 1000' >plain.yaml
claim=$KP_ROOT/volumes/default/data
begun() { grep -c begun "$claim/log" 2>/dev/null; }
below() { awk '/^NSpid:/ && NF >= 3 { print $2 }' /proc/[0-9]*/status 2>/dev/null; }
blocked() { grep -qx blocked <(for p in $(below); do awk '/^State:.*D/ { print "blocked" }' "/proc/$p/status"; done 2>/dev/null); }
# Until nothing was added to a file for half a second.
until_still() {
	local size='' n=0
	while [ "$n" -lt 5 ]; do
		sleep 0.1
		if [ "$(stat -c %s "$1")" = "$size" ]; then
			n=$((n + 1))
		else
			n=0 size=$(stat -c %s "$1")
		fi
	done
}
# A project whose container hangs in fsync and whose supervisor is dead.
hang() {
	kp up -p x --network none slow.yaml >up.out 2>&1 || bail "up: $(cat up.out)"
	wait_for 10 test -s real/log || bail "the container does not write: $(kp logs p 2>&1)"
	kill -STOP "$server"
	until_still real/log # it is in there by then
	kill -KILL "$(awk '/^NSpid:/ && NF == 3 && $3 == 1 { print $2 }' /proc/[0-9]*/status 2>/dev/null | head -1)"
}

# --- up
hang
ok 'the container is still there' wait_for 2 blocked
bg kp up -p x --network none plain.yaml
sleep 1.5
ok 'up waits' kill -0 "$bg_pid"
is "$(begun)" 1 'and starts nothing that has the claim'
ok 'while the old container lives' blocked
thaw
wait "$bg_pid"
is "$?" 0 'once that is gone, up succeeds'
ok 'with a container that has the claim' wait_for 5 bash -c "[ \$(grep -c begun '$claim/log') = 2 ]"
kp down -p x >/dev/null 2>&1

# --- volume rm, and down of the project itself
rm -f real/log
hang
ok 'again one hangs' wait_for 2 blocked
run kp volume rm data
isnt "$status" 0 'volume rm refuses to remove the claim of the old container'
bg kp down -p x --volumes
sleep 1.5
ok 'down --volumes waits' kill -0 "$bg_pid"
ok 'and leaves the claim alone' test -s "$claim/log"
thaw
wait "$bg_pid"
is "$?" 0 'once the old container is gone, it succeeds'
not_ok 'and the claim is removed' test -e "$claim"

fusermount3 -u fuse 2>/dev/null || fusermount -u fuse
wait_for 5 bash -c "! kill -0 $server"
plan_done
