#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 180
# Several commands at once, and ones that are interrupted.
# shellcheck disable=SC2317,SC2119
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
port=$(free_port)
cat >pod.yaml <<END
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox:1.35
    command: [probe, peer, '80']
    ports: [{containerPort: 80, hostPort: $port}]
END
ready() { kp ps -o json | jq '[.items[].status.containerStatuses[]? | select(.ready)] | length'; }
supervisors() { awk '/^NSpid:/ && NF == 3 && $3 == 1' /proc/[0-9]*/status 2>/dev/null | wc -l; }

# --- two up of the same project
for i in 1 2 3; do
	kp up pod.yaml >"up1" 2>&1 &
	a=$!
	kp up pod.yaml >"up2" 2>&1 &
	b=$!
	wait "$a"
	ra=$?
	wait "$b"
	rb=$?
	is "$ra $rb" '0 0' "two up at once both succeed ($i)"
	is "$(supervisors) $(ready)" '1 1' "and there is one project ($i)"
	kp down pod.yaml >/dev/null 2>&1
done

# --- up while down is busy, down while up is
for i in 1 2 3; do
	kp up pod.yaml >/dev/null 2>&1
	kp down pod.yaml >down.out 2>&1 &
	a=$!
	[ "$i" = 1 ] || sleep 0.0"$i"
	run kp up pod.yaml
	wait "$a"
	is "$? $status" '0 0' "down and up at once both succeed ($i)"
	like "$(supervisors)" '^[01]$' "one of them was last ($i)"
	is "$(ready)" "$(supervisors)" "and ps knows which ($i)"
done
kp up pod.yaml >/dev/null 2>&1 &
a=$!
sleep 0.01
run kp down pod.yaml
is "$status" 0 'down while up is busy'
wait "$a"
run kp down pod.yaml
is "$(supervisors)" 0 'nothing is left'

# --- readers while all that happens
kp up pod.yaml >/dev/null 2>&1
for i in 1 2 3 4 5 6 7 8; do
	kp ps -o json | jq -e .items >/dev/null || echo ps
	kp exec p -- true || echo exec
	kp up pod.yaml >/dev/null || echo up
done >bad.1 2>&1 &
a=$!
for i in 1 2 3 4 5 6 7 8; do
	kp logs p >/dev/null || echo logs
done >bad.2 2>&1
wait "$a"
is "$(cat bad.1 bad.2)" '' 'ps, exec, logs and up side by side'

# --- interrupted by the user
run kp down pod.yaml
cat >slow.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: slow}
spec:
  terminationGracePeriodSeconds: 1
  initContainers: [{name: wait, image: busybox:1.35, command: [sleep, '60']}]
  containers: [{name: c, image: busybox:1.35, command: [sleep, '60']}]
END
snapshot before
bg kp up --network none slow.yaml
wait_for 5 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' ps -o json | grep -q Init"
pkill -INT -P "$bg_pid" -x kubeplay 2>/dev/null || kill -INT "$bg_pid"
wait "$bg_pid"
is "$?" 130 'Ctrl-C during up is exit code 130'
run kp down slow.yaml
is "$status" 0 'down after it'
snapshot after
ok 'leaves nothing' snapshot_diff before after
run kp up --network none --timeout 1 slow.yaml
is "$status" 6 'up that takes longer than --timeout is exit code 6'
like "$err" 'slow' 'and names the pod'
run kp down slow.yaml

# --- the same project name for another file
mkdir elsewhere
sed 's/name: p}/name: q}/' pod.yaml >elsewhere/pod.yaml
run kp up pod.yaml
run kp up elsewhere/pod.yaml
isnt "$status" 0 'up of another file under a running default name is refused'
like "$err" "$T/pod.yaml" 'it names the one file'
like "$err" "$T/elsewhere/pod.yaml" 'and the other'
like "$err" '-p' 'and offers -p'
run kp up -p other elsewhere/pod.yaml
is "$status" 5 'with -p it is another project, whose port is taken'
like "$err" "$port" 'which it says'
sed -i "s/hostPort: $port/hostPort: $(free_port)/" elsewhere/pod.yaml
run kp up -p other elsewhere/pod.yaml
is "$status" 0 'with another port it runs beside the first'
run kp down -p other
run kp down pod.yaml

# --- a full disk (only root may make one)
if [ "$KP_AS" = root ]; then
	mkdir small
	mount -t tmpfs -o size=1m,mode=0755 tmpfs small
	full() { "$KUBEPLAY" --root "$T/small/root" --runroot "$KP_RUNROOT" "$@"; }
	registry_start
	for how in "load $IMAGES/busybox" "pull --quiet $REGISTRY/busybox:1.35"; do
		# shellcheck disable=SC2086
		run full $how
		is "$status" 5 "${how%% *} onto a full disk is exit code 5"
		like "$err" 'No space left' 'and says so'
		run full images -q
		is "$out" '' 'nothing half-visible is in the store'
		is "$(find small -type f -size +4k | wc -l)" 0 'nor otherwise'
	done
	mount -o remount,size=200m small
	run full load "$IMAGES/busybox"
	is "$status" 0 'with room it works'
	run full up -p full --network none slow.yaml --timeout 1
	# Neither room nor inodes: whatever up wants to make fails.
	head -c 300m /dev/zero >small/fill 2>/dev/null
	mount -o "remount,nr_inodes=$(df --output=iused small | tail -1 | tr -d ' ')" small
	snapshot before
	run full up -p full2 --network none pod.yaml
	is "$status" 5 'up on a full disk is exit code 5'
	like "$err" 'No space left' 'and says so'
	snapshot after
	ok 'and leaves nothing' snapshot_diff before after
	run full down -p full
	is "$status" 0 'down works on a full disk'
	mount -o remount,nr_inodes=1000000 small
	# Room for names only: a pod that writes nothing may run, whose log cannot be written.
	run full up -p full2 --network none pod.yaml
	is "$status" 0 'a pod that needs no room runs without'
	is "$(kp ps -o json | jq -r '.items[0].status.phase')" Running 'and goes on'
	run full down -p full2
	is "$status" 0 'down'
	rm small/fill
	run full up -p full2 --network none pod.yaml
	is "$status" 0 'with room again up works'
	run full down -p full2

	# The run-time directory full: the state cannot be saved.
	mkdir run
	mount -t tmpfs -o size=16k,mode=0700 tmpfs run
	cramped() { "$KUBEPLAY" --root "$KP_ROOT" --runroot "$T/run" "$@"; }
	head -c 1m /dev/zero >run/fill 2>/dev/null
	run cramped up --network none pod.yaml
	is "$status" 5 'up with a full run-time directory is exit code 5'
	like "$err" 'No space left' 'and says so'
	is "$(supervisors)" 0 'nothing runs'
	rm run/fill
	run cramped down pod.yaml
	is "$status" 0 'down'
	umount small run
fi
plan_done
