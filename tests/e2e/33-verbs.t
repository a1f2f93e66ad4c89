#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 180
# check, explain and get: what is wrong with a manifest, what becomes of it, and what runs as manifests again.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

# --- check
cat >good.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: c, image: busybox:1.35}
END
sed 's/image:/imgae:/; s/name: c/name: C/' good.yaml >bad.yaml
run kp check good.yaml
is "$status $out" '0 1 file, 1 object: 0 errors, 0 warnings' 'check of a good manifest'
is "$err" '' 'says nothing else'
run kp check good.yaml bad.yaml
is "$status" 3 'a bad one is 3'
like "$out" 'bad.yaml:6:15: .*imgae.*unknown field; did you mean "image"' 'the finding is on standard output'
like "$out" '2 files, 2 objects: [0-9]+ errors, 0 warnings' 'with a summary'
is "$err" '' 'and nothing on standard error'
is "$(kp check -q good.yaml)" '' 'check -q of a good manifest says nothing'
run kp check --validate warn bad.yaml
like "$out" 'warning: .*imgae' 'check --validate warn'
is "$(kp check -o json bad.yaml | jq -c 'map(select(.rule == "unknown-field")) | .[0] | [.file, .line, .column, .severity]')" \
	'["bad.yaml",6,15,"error"]' 'check -o json has the place'
is "$(kp check -o json good.yaml)" '[]' 'and is empty when all is well'
kp check -o sarif bad.yaml >sarif.json
is "$(jq -c '[.version, (.runs | length), .runs[0].tool.driver.name, (."$schema" | test("sarif-2.1.0"))]' sarif.json)" \
	'["2.1.0",1,"kubeplay",true]' 'check -o sarif: the head'
is "$(jq -r '.runs[0] as $r | $r.results | all(.ruleId == $r.tool.driver.rules[.ruleIndex].id and (.level | IN("error",
	"warning", "note")) and (.message.text | length > 0) and .locations[0].physicalLocation.artifactLocation.uri ==
	"bad.yaml" and .locations[0].physicalLocation.region.startLine > 0 and
	.locations[0].physicalLocation.region.startColumn > 0)' sarif.json)" true 'every result has rule, level, text and place'
is "$(jq -r '.runs[0].results | length' sarif.json)" "$(kp check -o json bad.yaml | jq length)" 'as many as in JSON'
run kp check absent.yaml
like "$status $err" '^3 .*absent.yaml' 'a file that is not there'
run bash -c "'$KUBEPLAY' --root /nonexistent/a --runroot /nonexistent/b check - <good.yaml"
is "$status $out" '0 1 file, 1 object: 0 errors, 0 warnings' 'check needs no directory of its own'

# --- explain
run kp explain
like "$out" 'Deployment +deploy +apps/v1 +supported' 'explain lists the kinds'
for word in pod Pods po PO pod.spec 'pod.spec.containers[0].image' 'pod.spec.containers[].image' deploy.spec.template \
	sts svc.spec.ports pvc cm.data cm.data.key cj.spec.schedule deployments.apps.spec; do
	run kp explain "$word"
	is "$status" 0 "explain $word"
done
run kp explain pod.spec.containers.image
like "$out" '^FIELD +pod.spec.containers.image
TYPE +string, required' 'a field has its type'
like "$out" 'SUPPORT +supported
MEANING +[a-z]' 'its support and its meaning'
run kp explain pod.spec.restartPolicy
like "$out" 'ONE OF +Always, OnFailure, Never' 'the words it takes'
like "$out" 'DEFAULT +Always' 'its default'
run kp explain pod.spec.contaners
like "$status $err" '^1 .*did you mean pod.spec.containers' 'an unknown field'
run kp explain pud
like "$status $err" '^1 .*did you mean [Pp]od' 'an unknown kind'
run kp explain pod.spec.nodeName.x
like "$status $err" '^1 .*has no fields' 'a field of a string'
run kp explain -R deploy.spec
like "$out" '
  spec +PodSpec' 'explain --recursive is a tree'
is "$(kp explain -o json pod.spec.containers | jq -r '.fields[] | select(.name == "image").required')" true 'explain -o json'
is "$(kp explain -o json -R pod | jq -r '[.. | objects | select(.name == "fieldPath")] | length > 1')" true \
	'explain -R -o json goes to the leaves'
cat >fates.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: p, uid: abc}
spec:
  nodeSelector: {disk: ssd}
  containers:
  - name: c
    image: busybox:1.35
    imgae: x
END
run kp explain -f fates.yaml
is "$status" 0 'explain -f'
like "$out" "^Pod p \(fates.yaml:1\): [0-9]+ fields applied, 1 the API server's own, 1 ignored here, 1 unknown" 'counts'
like "$out" '
  unknown:
    9:5  spec.containers\[0\].imgae  no such field' 'what is unknown has its place'
like "$out" '
  ignored here:
    5:3  spec.nodeSelector  [a-z]' 'what is ignored has its reason'
unlike "$out" 'metadata' 'and what is applied is not listed'
run kp explain -f -v fates.yaml
like "$out" '
  applied:
.*
    8:5 +spec.containers\[0\].image' 'but it is with -v'
is "$(kp explain -f -o json fates.yaml | jq -c '.[0] | [.kind, .name, .counts["ignored here"], .fields[0].path]')" \
	'["Pod","p",1,"spec.nodeSelector"]' 'explain -f -o json'
echo 'kind: [' >>fates.yaml
run kp explain -f fates.yaml
like "$status $err" '^3 fates.yaml:1[0-9]:' 'what cannot be loaded at all is said'

# --- the manual's table is that of this program
sed '1,/^\.\\" The table/d; /^\.\\" End of the table/,$d' "$TOP/docs/kubeplay.yaml.5" >table
kp explain -o mdoc >now
is "$(diff table now | head -5)" '' 'kubeplay.yaml(5) has the table of this program (make man)'
if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint -W warning "$TOP/docs/kubeplay.yaml.5" 2>&1)" '' 'it is clean mdoc'
else
	skip 1 'mandoc is not installed'
fi
run kp explain annotations
like "$out" 'kubectl.kubernetes.io/default-container +[a-z ]+ +supported' 'explain annotations'

# --- get
load busybox
cat >app.yaml <<'END'
apiVersion: v1
kind: Secret
metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: geheim1}}
stringData: {password: geheim2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {version: "1.50", on: "true"}}
data:
  text: |+
    one
      two

  number: "0x1F"
  odd: "yes"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {note: "a: b"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: busybox:1.35
        command: [sleep, "1000"]
        env:
        - {name: P, valueFrom: {secretKeyRef: {name: s, key: password}}}
        resources: {limits: {memory: 0.5Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: other}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: "busybox:1.35", command: [sleep, "1000"]}
END
run kp up --network none app.yaml
is "$status" 0 'a project'
run kp get cm
like "$out" '^NAME +DATA +AGE
c +3 +[0-9]+s$' 'get of a type'
run kp get deploy,secret
like "$out" 'deployment.apps/web +1/1' 'get of types: the controller has its pods'
like "$out" 'secret/s +Opaque +1' 'the secret has its type and number of keys'
run kp get pods
like "$out" 'NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE' 'get pods'
like "$out" 'default +web-[a-z0-9-]+ +1/1 +Running' 'with those of controllers'
is "$(kp get pods -n other -o name)" pod/bare 'get -n'
is "$(kp get -o name deploy/web configmap/c)" 'deployment.apps/web
configmap/c' 'get TYPE/NAME...'
run kp get deploy wev
like "$status $err" '^1 .*no deployment.apps/wev.*did you mean web' 'an object that is not there'
run kp get deplyo
like "$status $err" '^2 .*did you mean' 'a type that is not there'
run kp get cm c -o yaml
is "$out" 'apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  namespace: default
  labels:
    version: "1.50"
    "on": "true"
data:
  text: |+
    one
      two

  number: "0x1F"
  odd: "yes"' 'get -o yaml of one object'
is "$(kp get cm -o json | jq -c '[.kind, .items[0].data.text]')" '["List","one\n  two\n\n"]' 'of a type: a List'
pod=$(kp get po -n default -o name)
is "$(kp get "$pod" -o json | jq -r '[.kind, .metadata.labels.app, .metadata.ownerReferences[0].kind,
	.spec.containers[0].resources.limits.memory, .status.phase, .metadata.annotations.note] | join(" ")')" \
	'Pod web ReplicaSet 0.5Gi Running a: b' 'a pod has labels, owner, spec and status'
run kp get secret s -o yaml
like "$out" 'password: <secret>|password: "<secret>"' 'a Secret is printed without its value'
run grep -rlE 'geheim[12]' "$KP_RUNROOT" "$KP_ROOT"
is "$out" '' 'which is in no file'
is "$(kp get secret s -o json --show-secrets | jq -r .stringData.password)" geheim2 'but with --show-secrets it is'
is "$(kp get secret s -o json --show-secrets | grep -c geheim)" 1 'without the copy that kubectl left'

# What was printed gives the same pods.
kp get secret,cm,deploy -o yaml --show-secrets >again.yaml
kp get po bare -o json >bare.json
run kp -p app up --network none again.yaml bare.json
is "$status" 0 'what was printed can be loaded again'
is "$(sort <<<"$out")" "pod/bare unchanged
$pod unchanged" 'and gives the same pods'
kp get secret,cm,deploy -o yaml >hidden.yaml
run kp check hidden.yaml
is "$status" 0 'without the values, too'
is "$(kp plan -p app -o json hidden.yaml bare.json | jq -S .pods)" "$(kp plan -p app -o json app.yaml | jq -S .pods)" \
	'and gives the same plan'
if command -v kubectl >/dev/null; then
	kp get secret,cm,deploy,po -o json --show-secrets | jq -c '.items[] | del(.status)' >ours.json
	kp get secret,cm,deploy,po -o yaml --show-secrets | kubectl label --local -f - x=y -o json | jq -c . >theirs.json
	is "$(wc -l <theirs.json)" "$(wc -l <ours.json)" 'kubectl reads as many objects'
	is "$(paste -d, ours.json theirs.json | sed 's/.*/[&]/' |
		jq -c '. as $x | .[0] | paths(scalars) as $p | select($x[1] | getpath($p) == null) | $p')" '' 'and keeps every field'
else
	pass 'kubectl is not here to read it'
	pass 'nor to keep it'
fi

# --- after the supervisor
kill -9 "$(sed -n 's/^supervisor_pid: *//p' "$KP_RUNROOT"/projects/app/state.yaml)"
wait_for 10 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' ps --no-headers | grep -qv Running"
run kp get secret,deploy -o yaml --show-secrets
is "$status" 0 'get works without a supervisor'
like "$err" 'values of Secrets' 'but does not know the values'
like "$out" '<secret>' 'and says so'
run kp down app
is "$status" 0 'down'
run kp get all
like "$status $err" '^0 .*Nothing found' 'get of nothing'
plan_done
