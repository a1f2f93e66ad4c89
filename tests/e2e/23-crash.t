#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# serial
# timeout: 300
# kill -9 of the supervisor and of the command line at random moments: nothing stays, ps tells the truth, claims are intact.
# `tests/e2e/23-crash.t SEED` repeats a run.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

seed=${1:-$RANDOM}
RANDOM=$seed
diag "seed $seed"
load busybox
port=$(free_port)
cat >pod.yaml <<END
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: writer
    image: busybox:1.35
    command: [sh, -c, 'exec probe fsync /data/log "\$(cat /proc/sys/kernel/random/uuid)"']
    volumeMounts: [{name: data, mountPath: /data}]
  - name: server
    image: busybox:1.35
    command: [probe, peer, '80']
    ports: [{containerPort: 80, hostPort: $port}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: Pod
metadata: {name: b}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: busybox:1.35, command: [sh, -c, 'while :; do sleep 1; done']}]
END
claim=$KP_ROOT/volumes/default/data

# A supervisor is pid 1 of a pid namespace below ours, its containers are of one below that.
below() { awk -v n="$1" '/^NSpid:/ && NF >= 3 && (n == 0 || (NF == 3 && $3 == 1)) { print $2 }' /proc/[0-9]*/status 2>/dev/null; }
supervisor() { below 1; }
# shellcheck disable=SC2317
nobody() { [ -z "$(below 0)" ]; }
# Fails when there was none.
kill_supervisor() {
	local p rc=1
	for p in $(supervisor); do
		kill -KILL "$p" 2>/dev/null && rc=0
	done
	return "$rc"
}
# Sleeps a random time below $1 ms.
moment() {
	local ms=$((RANDOM % $1))
	diag "round $round: after $ms ms"
	sleep "$(printf '0.%03d' "$ms")"
}

# After whatever happened: nothing of it lives, ps says so, the next up works and has the claim.
check_after() {
	ok "$1: no process of the project is left" wait_for 5 nobody
	is "$(kp ps -o json 2>/dev/null | jq '[.items[]? | select(.status.phase == "Running")] | length')" 0 \
		"$1: ps claims no running pod"
	run kp up pod.yaml
	is "$status" 0 "$1: up works again"
	is "$(cat "$claim/keep" 2>/dev/null)" kept "$1: the claim is intact"
	is "$(kp ps -o json | jq '[.items[].status.containerStatuses[] | select(.ready)] | length')" 3 "$1: ps shows what runs"
	is "$(client "$TOP/build/kit/probe" connect 192.0.2.10 "$port")" open "$1: the port is published"
}

kp up pod.yaml >/dev/null 2>&1 # what stays on purpose is there then
kp down --volumes pod.yaml >/dev/null 2>&1
snapshot before
run kp up pod.yaml
is "$status" 0 'up'
[ "$status" = 0 ] || bail 'without a pod there is nothing to kill'
kp exec -c writer a -- sh -c 'echo kept >/data/keep'

# --- steady state, and straight on: the next up meets containers that are still dying in fsync
for round in 1 2 3; do
	moment 300
	kill_supervisor
	run kp up pod.yaml
	is "$status" 0 "round $round: up at once after the supervisor was killed"
done
kill_supervisor
check_after 'killed while running'

# --- while the command line brings it up
for round in 4 5 6; do
	kp down pod.yaml >/dev/null 2>&1
	bg kp up pod.yaml
	moment 60
	# There may be none yet on a busy machine; when up was faster than all that, it dies right after.
	until kill_supervisor; do
		kill -0 "$bg_pid" 2>/dev/null || break
	done
	wait "$bg_pid" 2>/dev/null
	kill_supervisor
	check_after "supervisor killed during up ($round)"
done
for round in 7 8; do
	kp down pod.yaml >/dev/null 2>&1
	"$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" up pod.yaml >/dev/null 2>&1 &
	cli=$!
	moment 40
	kill -KILL "$cli" 2>/dev/null
	wait "$cli" 2>/dev/null
	run kp up pod.yaml
	is "$status" 0 "command line killed during up ($round): up works"
	is "$(kp ps -o json | jq '[.items[].status.containerStatuses[] | select(.ready)] | length')" 3 \
		"command line killed during up ($round): all containers are ready"
done

# --- while it goes down
for round in 9 10; do
	bg kp down pod.yaml
	moment 60
	kill_supervisor
	wait "$bg_pid" 2>/dev/null
	check_after "supervisor killed during down ($round)"
done
"$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" down pod.yaml >/dev/null 2>&1 &
cli=$!
round=11
moment 40
kill -KILL "$cli" 2>/dev/null
wait "$cli" 2>/dev/null
run kp down pod.yaml
is "$status" 0 'command line killed during down: down finishes the work'
ok 'nothing runs' wait_for 5 nobody

# Two containers that held the claim at the same time would have written by turns.
is "$(awk '$1 != last { if ($1 in seen) bad++; seen[$1] = 1; last = $1 } END { print bad + 0 }' "$claim/log")" 0 \
	'no two containers ever had the claim at the same time'
isnt "$(cut -d' ' -f1 "$claim/log" | sort -u | wc -l)" 1 '(and several did one after the other)'
is "$(awk '$1 != last { last = $1; n = 0 } $2 != n++ { bad++ } END { print bad + 0 }' "$claim/log")" 0 'nor lost a line'

kp up pod.yaml >/dev/null 2>&1
run kp down --volumes pod.yaml
snapshot after
ok 'down leaves nothing of all that' snapshot_diff before after
plan_done
