#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Controllers with several pods: they run, each under its own name, and `up` again changes only what has changed.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
loop='trap "exit 0" TERM; echo "hello from $POD"; echo started >/tmp/up; while :; do sleep 1; done'
manifest() { # REPLICAS [VARIABLE]
	cat <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: $1
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {kubectl.kubernetes.io/default-container: main}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - {name: side, image: busybox:1.35, command: [sh, -c, 'trap "exit 0" TERM; while :; do sleep 1; done']}
      - name: main
        image: busybox:1.35
        command: [sh, -c, '$loop']
        env:
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: V, value: "${2-one}"}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: peers
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: c
        image: busybox:1.35
        command: [sh, -c, 'trap "exit 0" TERM; hostname >>/data/name; while :; do sleep 1; done']
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: busybox:1.35, command: [echo, "42"]}]
END
}
manifest 3 >app.yaml
pods() { # of an owner: names, sorted
	kp ps "$1" -o name | sort
}
started() { # POD
	kp ps "$1" -o json | jq -r '.items[0].status.startTime'
}

run kp up app.yaml
is "$status" 0 'up'
is "$(kp ps -o json | jq '[.items[] | select(.status.phase != "Pending")] | length')" 6 'all pods run'
is "$(pods deploy/web | wc -l)" 3 'three of the Deployment'
is "$(pods sts/db | xargs)" 'pod/db-0 pod/db-1' 'two of the StatefulSet'
mapfile -t web < <(pods web)
name=${web[0]#pod/}
is "$(kp ps "$name" -o json | jq -r '.items[0].metadata.ownerReferences[0] | .kind + " " + .name')" \
	"ReplicaSet ${name%-*}" 'the owner of a pod is a ReplicaSet'
is "$(kp ps "$name" -o json | jq -r '.items[0].metadata.labels["pod-template-hash"]')" \
	"$(sed 's/^web-//; s/-.*//' <<<"$name")" 'which its label names too'
ok 'the name of the ReplicaSet finds its pods' test "$(pods "rs/${name%-*}" | wc -l)" = 3

says() { # POD
	kp logs -c main "$1" | grep -q "hello from $1"
}
for p in "${web[@]#pod/}"; do
	ok "$p has written its own name" wait_for 10 says "$p"
done
run kp logs deploy/web
is "$status" 0 'logs of the Deployment'
like "$err" '^Found 3 pods, using pod/web-' 'says which of its pods it is'
like "$out" '^hello from web-' 'and shows the container of the annotation'
run kp exec web -- sh -c 'echo "$POD"; cat /tmp/up'
like "$out" '^web-.*
started$' 'exec takes a pod and the container of the annotation'
run kp exec sts/db -- true
is "$status" 0 'exec by a StatefulSet'
run kp exec deploy/db -- true
is "$status" 125 'which is no Deployment'
like "$err" 'there is no pod "db"' 'and the message says so'
is "$(kp exec db-1 -- hostname)" db-1 'a pod of a StatefulSet has its name as hostname'
ok 'the job runs to its end' wait_for 10 sh -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' ps job/sum -o json |
	jq -e '.items[0].status.phase == \"Succeeded\"' >/dev/null"

first=$(kp plan -o json app.yaml | jq -r '.controllers[0].pods[0]')
before=$(started "$first")
manifest 2 >app.yaml
run kp up app.yaml
is "$status" 0 'up with fewer replicas'
is "$(pods web | wc -l)" 2 'removes one'
left=$(pods web)
manifest 4 >app.yaml
run kp up app.yaml
is "$(pods web | wc -l)" 4 'with more it adds some'
is "$(comm -12 <(echo "$left") <(pods web))" "$left" 'and the others stay'
for p in "${web[@]}"; do
	ok "$p is there again under the same name" grep -qx "$p" <(pods web)
done
is "$(kp exec db-0 -- wc -l </dev/null /data/name | awk '{print $1}')" 1 'no pod of the StatefulSet was touched'
is "$(started "$first")" "$before" 'nor the first of the Deployment'

manifest 4 two >app.yaml
run kp up app.yaml
is "$(comm -12 <(printf '%s\n' "${web[@]}") <(pods web))" '' 'another template makes other pods'
is "$(pods web | wc -l)" 4 'as many as before'

run kp down app.yaml
is "$status" 0 'down'
is "$(cd "$KP_ROOT/volumes/default" && echo *)" 'data-db-0 data-db-1' 'the claims of the StatefulSet stay'
run kp up app.yaml
is "$(kp exec db-1 -- cat /data/name | xargs)" 'db-1 db-1' 'and are found again'
run kp down --volumes app.yaml
is "$status" 0 'down --volumes'
not_ok 'takes them away' ls "$KP_ROOT/volumes/default/data-db-0"

manifest 1001 >many.yaml
run kp plan many.yaml
is "$status" 3 'a thousand and one are refused'
like "$err" 'many.yaml:5:13: spec.replicas: 1001 pods are too many for one machine' 'with the place'
plan_done
