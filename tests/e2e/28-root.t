#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 120
# The same manifest as an ordinary user and as root: it works the same, and root in a container is nobody on the host.
# shellcheck disable=SC2016
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox nginx
port=$(free_port)
mkdir host
echo from the host >host/file
cat >pods.yaml <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {k: v}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: nginx
    image: nginx:1.22
    ports: [{containerPort: 80, hostPort: $port}]
  - name: tool
    image: busybox:1.35
    command: [sleep, '100000']
    volumeMounts:
    - {name: c, mountPath: /c}
    - {name: data, mountPath: /data}
    - {name: cache, mountPath: /cache}
    - {name: host, mountPath: /host, readOnly: true}
  - name: user
    image: busybox:1.35
    command: [sleep, '100001']
    securityContext: {runAsUser: 1000}
    volumeMounts: [{name: cache, mountPath: /cache}]
  volumes:
  - {name: c, configMap: {name: c}}
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: cache, emptyDir: {}}
  - {name: host, hostPath: {path: $T/host}}
---
apiVersion: v1
kind: Pod
metadata: {name: peer}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: peer, image: busybox:1.35, command: [probe, peer, '7000']}]
END
# Once for what stays on purpose: empty directories, the cached verdict about the storage.
kp up pods.yaml >/dev/null 2>&1
kp down --volumes pods.yaml >/dev/null 2>&1
snapshot before
run kp up pods.yaml
is "$status" 0 'up'
in_tool() { kp exec -c tool web -- "$@"; }
outside() { pgrep -f "^$1\$" | head -1; }
root_pid=$(outside 'sleep 100000')
user_pid=$(outside 'sleep 100001')
is "$(in_tool id -u) $(kp exec -c user web -- id -u)" '0 1000' 'inside they are root and 1000'
if [ "$KP_AS" = root ]; then
	ok "outside, root in a container is nobody ($(stat -c %u "/proc/$root_pid"))" test "$(stat -c %u "/proc/$root_pid")" -ge 65536
	is "$(($(stat -c %u "/proc/$user_pid") - $(stat -c %u "/proc/$root_pid")))" 1000 'and 1000 is 1000 further'
	supervisor=$(awk '/^NSpid:/ && NF == 3 && $3 == 1 { print $2 }' /proc/[0-9]*/status 2>/dev/null | head -1)
	isnt "$(awk '/^Uid:/ { print $3 }' "/proc/$supervisor/status")" 0 'the supervisor is not root either'
	is "$(awk '$2 == 0' "/proc/$root_pid/uid_map" | wc -l)" 0 'no id in there is root outside'
	is "$(find "$KP_ROOT"/volumes/default/data -maxdepth 0 -printf '%U')" "$(stat -c %u "/proc/$root_pid")" \
		"the claim belongs to the container's root"
	not_ok 'a program in a container cannot reach what is for root only' in_tool sh -c 'cat /proc/1/root/etc/shadow'
else
	is "$(stat -c %u "/proc/$root_pid")" "$(id -u)" 'outside, root in a container is the user'
	ok 'and 1000 is a sub-id' test "$(stat -c %u "/proc/$user_pid")" -ge 65536
fi
is "$(curl -s -m 5 "http://127.0.0.1:$port/")" 'hello from nginx' "nginx's page comes by the hostPort"
client curl -s -m 5 --interface 198.51.100.9 "http://192.0.2.10:$port/seen" -o /dev/null
wait_for 5 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' logs -c nginx web | grep -q /seen"
like "$(kp logs -c nginx web)" '198\.51\.100\.9 .*/seen' 'the access log has the address of the client'
like "$(in_tool sh -c 'nc -w 3 peer 7000 </dev/null')" '^10\.' 'pods reach each other by name'
is "$(in_tool sh -c 'cat /c/k; echo x >/data/x && cat /data/x; echo y >/cache/y && cat /cache/y; cat /host/file')" \
	$'vx\ny\nfrom the host' 'volumes are there'
is "$(kp exec -c user web -- sh -c 'cat /cache/y; echo u >/cache/u; stat -c %u /cache/u')" $'y\n1000' 'also for the other user'
like "$(in_tool sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)" '^00000000a80425fb$' 'the capabilities are the usual ones'
is "$(in_tool sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)" 2 'and so is seccomp'
like "$(in_tool date -s '2000-01-01' 2>&1)" 'not permitted' 'the clock of the machine cannot be set'
not_ok 'a device cannot be made usable' in_tool sh -c 'mknod /tmp/sda b 8 0 && head -c1 /tmp/sda'
run kp down --volumes pods.yaml
is "$status" 0 'down --volumes'
snapshot after
ok 'nothing is left' snapshot_diff before after

# The supervisor of root is a sub-id: what lies below a private directory of root must have been opened before.
mkdir -m 0700 private
cp "$KUBEPLAY" "$KUBEPLAY-image" "$KUBEPLAY-net" private/
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  terminationGracePeriodSeconds: 1\n' >private.yaml
cat >>private.yaml <<END
  containers: [{name: nginx, image: nginx:1.22, ports: [{containerPort: 80, hostPort: $port}]}]
END
run private/kubeplay --root "$KP_ROOT" --runroot "$KP_RUNROOT" up private.yaml
is "$status" 0 'the programs may lie in a directory that is open to their owner only'
unlike "$out$err" 'degraded' 'and the network is whole'
is "$(curl -s -m 5 "http://127.0.0.1:$port/")" 'hello from nginx' 'with its ports'
ok 'down' kp down private.yaml
plan_done
