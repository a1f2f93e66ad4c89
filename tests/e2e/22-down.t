#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 180
# down leaves nothing behind but the claims, whatever became of the file.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
port=$(free_port)
cat >pod.yaml <<END
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {k: v}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: root
    image: busybox:1.35
    command: [sh, -c, 'trap "exit 0" TERM; id >/data/root; mkdir -p /data/d /cache/d /d; chmod 0 /cache/d; echo x >/d/x; sleep 1000 & wait']
    ports: [{containerPort: 80, hostPort: $port}]
    volumeMounts:
    - {name: data, mountPath: /data}
    - {name: cache, mountPath: /cache}
    - {name: s, mountPath: /s}
  - name: user
    image: busybox:1.35
    command: [sh, -c, 'trap "exit 0" TERM; mkdir -m 0 /tmp/mine /cache/mine; echo x >/cache/file; sleep 1000 & wait']
    securityContext: {runAsUser: 1234}
    volumeMounts:
    - {name: cache, mountPath: /cache}
  volumes:
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: cache, emptyDir: {}}
  - {name: s, secret: {secretName: s}}
END

# One up and down first, so that what stays on purpose (empty directories, cached verdicts) is there already.
kp up pod.yaml >/dev/null 2>&1
kp down --volumes pod.yaml >/dev/null 2>&1
snapshot before

run kp up pod.yaml
is "$status" 0 'up'
snapshot during
not_ok 'a running project is seen by the snapshot' snapshot_diff before during
run kp down pod.yaml
is "$status" 0 'down'
snapshot after
ok 'no process, mount, namespace, socket or directory is left' snapshot_diff before after "$KP_ROOT/volumes"
like "$(cd "$KP_ROOT/volumes" && find . -name root)" 'default/data/root' 'the claim stays'
is "$(kp ps --no-headers)" '' 'ps shows nothing'
run kp down pod.yaml
is "$status" 0 'a second down is fine'

run kp up pod.yaml
run kp down --volumes pod.yaml
is "$status" 0 'down --volumes'
snapshot after
ok 'leaves no claim either' snapshot_diff before after

run kp up pod.yaml
run kp down pod.yaml
run kp down -p pod --volumes
is "$status $out" '0 persistentvolumeclaim/default/data deleted' 'down --volumes after a plain down, by name'
snapshot after
ok 'leaves no claim' snapshot_diff before after
run kp up pod.yaml
run kp down pod.yaml
run kp down other --volumes
is "$out" '' 'down --volumes of another project leaves the claim'
run kp volume ls -o name
is "$out" default/data 'volume ls shows it'
run kp volume rm data
is "$status" 0 'volume rm removes it'
snapshot after
ok 'and all that stands beside it' snapshot_diff before after

# --- the file was edited, or is gone
run kp up pod.yaml
sed -i 's/name: p}/name: other}/; s/kind: Pod/kind: Nonsense/' pod.yaml
run kp down pod.yaml
is "$status" 0 'down works after the file was edited into nonsense'
snapshot after
ok 'and leaves nothing' snapshot_diff before after "$KP_ROOT/volumes"
sed -i 's/kind: Nonsense/kind: Pod/' pod.yaml
run kp up pod.yaml
is "$status" 0 'up again'
rm pod.yaml
run kp down pod.yaml
is "$status" 0 'down works after the file was deleted'
snapshot after
ok 'and leaves nothing' snapshot_diff before after "$KP_ROOT/volumes"

# --- without an argument, by project name, from elsewhere
cat >small.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: small}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: busybox:1.35, command: [sh, -c, 'trap "" TERM; while :; do sleep 1; done']}]
END
run kp up --network none -p one small.yaml
is "$status" 0 'a project with a name of its own'
start=$(ms)
run kp down
is "$status" 0 'down without arguments takes the only project'
took=$(($(ms) - start))
ok "a container that ignores TERM is killed after its grace period of 1 s ($took ms)" test "$took" -ge 900 -a "$took" -lt 4000
run kp up --network none -p one small.yaml
sed 's/name: small/name: second/' small.yaml >second.yaml
mkdir empty
run kp up --network none -p two second.yaml
is "$status" 0 'two projects'
run bash -c "cd empty && '$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' down"
isnt "$status" 0 'down without arguments does not choose between two'
like "$err" 'one.*two|two.*one' 'but names both'
run kp down -p one
is "$status" 0 'down -p'
run kp down two
is "$status" 0 'down PROJECT'
run kp down no-such-project
like "$status" '^[01]$' 'down of what never was does no harm'
snapshot after
ok 'nothing is left of any of them' snapshot_diff before after "$KP_ROOT/volumes"

# --- a tree that a hostile container made hard to remove
cat >deep.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: deep}
spec:
  terminationGracePeriodSeconds: 1
  restartPolicy: Never
  containers:
  - name: c
    image: busybox:1.35
    command: [sh, -c, 'd=d; i=0; while [ $i -lt 1500 ]; do mkdir $d && cd $d || exit 1; i=$((i + 1)); done; echo dug; sleep 1000']
    workingDir: /e
    volumeMounts: [{name: e, mountPath: /e}]
  volumes: [{name: e, emptyDir: {}}]
END
run kp up --network none deep.yaml
wait_for 30 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' logs deep | grep -q dug"
is "$(kp logs deep)" dug 'a container nests 1500 directories'
run kp down deep.yaml
is "$status" 0 'down removes them'
snapshot after
ok 'all of them' snapshot_diff before after "$KP_ROOT/volumes"
plan_done
