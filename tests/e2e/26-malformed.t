#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# Every malformed manifest is answered with exit code 3 and file:line:column, in bounded time and memory, and nothing is
# made. The files are those of tests/golden/bad, and mutations of a good manifest.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

mkdir bad
cp "$TOP"/tests/golden/bad/*.yaml bad/ 2>/dev/null
cat >good.yaml <<'END'
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  key: value
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      restartPolicy: Always
      terminationGracePeriodSeconds: 5
      hostAliases:
      - ip: 192.0.2.1
        hostnames:
        - other
      containers:
      - name: app
        image: busybox:1.35
        imagePullPolicy: IfNotPresent
        command:
        - sleep
        - "1000"
        workingDir: /tmp
        env:
        - name: KEY
          valueFrom:
            configMapKeyRef:
              name: settings
              key: key
        ports:
        - name: http
          containerPort: 8080
          hostPort: 18080
          protocol: TCP
        resources:
          limits:
            memory: 64Mi
            cpu: 500m
        securityContext:
          runAsUser: 1000
          readOnlyRootFilesystem: true
        volumeMounts:
        - name: cache
          mountPath: /cache
      volumes:
      - name: cache
        emptyDir: {}
END
run kp plan -o json good.yaml
is "$status" 0 'the manifest that the mutations start from is good'

# NAME, then a sed script that spoils it.
while IFS='|' read -r name script; do
	sed "$script" good.yaml >"bad/mutant-$name.yaml"
	! cmp -s good.yaml "bad/mutant-$name.yaml" || fail "the mutation $name changes nothing"
done <<'END'
kind-typo|s/kind: Deployment/kind: Deploymnet/
kind-case|s/kind: ConfigMap/kind: Configmap/
kind-missing|/^kind: Deployment/d
kind-list|s/kind: Deployment/kind: [Deployment]/
version-wrong|s/apps\/v1/apps\/v9/
version-missing|/^apiVersion: apps/d
version-swapped|s/apiVersion: apps\/v1/apiVersion: v1/
spec-typo|s/^spec:/specs:/
spec-missing|/^spec:/,$d
spec-text|/^spec:/,$c spec: hello
replicas-text|s/replicas: 1/replicas: one/
replicas-negative|s/replicas: 1/replicas: -1/
replicas-float|s/replicas: 1/replicas: 1.5/
replicas-huge|s/replicas: 1/replicas: 99999999999999999999/
replicas-list|s/replicas: 1/replicas: [1]/
selector-missing|/selector:/,/app: web/d
selector-mismatch|0,/      app: web/s//      app: other/
template-typo|s/  template:/  templete:/
containers-typo|s/containers:/container:/
containers-empty|/containers:/,/mountPath/c \ \ \ \ \ \ containers: []
containers-map|s/      containers:/      containers: {}\n      other:/
name-missing|s/- name: app/- image: x/
name-upper|s/- name: app/- name: App/
name-under|s/- name: app/- name: my_app/
name-long|s/- name: app/- name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/
name-empty|s/- name: app/- name: ""/
name-null|s/- name: app/- name: null/
name-path|s/^  name: web/  name: ..\/..\/etc/
name-slash|s/^  name: settings/  name: a\/b/
image-typo|s/image: busy/imgae: busy/
image-missing|/image: busy/d
image-number|s/image: busybox:1.35/image: 1.35/
policy-typo|s/IfNotPresent/ifnotpresent/
policy-unknown|s/IfNotPresent/Sometimes/
command-text|s/command:/command: sleep 1000\n        args:/;s/^        - sleep/        - {a: b}/
command-number|s/- "1000"/- 1000/
env-name-missing|s/- name: KEY/- value: x/
env-name-equals|s/- name: KEY/- name: "A=B"/
env-both|s/          valueFrom:/          value: x\n          valueFrom:/
env-number|s/          valueFrom:/          value: 5\n          other:/
ref-absent-map|s/              name: settings/              name: nowhere/
ref-absent-key|s/key: key/key: nokey/
port-missing|/containerPort/d
port-zero|s/containerPort: 8080/containerPort: 0/
port-high|s/containerPort: 8080/containerPort: 65536/
port-text|s/containerPort: 8080/containerPort: http/
port-quoted|s/containerPort: 8080/containerPort: "8080"/
hostport-high|s/hostPort: 18080/hostPort: 70000/
hostport-negative|s/hostPort: 18080/hostPort: -1/
protocol-unknown|s/protocol: TCP/protocol: ICMP/
protocol-case|s/protocol: TCP/protocol: tcp/
port-name-long|s/name: http$/name: this-name-is-too-long/
memory-bad|s/memory: 64Mi/memory: 64MB/
memory-negative|s/memory: 64Mi/memory: -64Mi/
memory-empty|s/memory: 64Mi/memory: ""/
memory-list|s/memory: 64Mi/memory: [64Mi]/
cpu-bad|s/cpu: 500m/cpu: lots/
limits-text|s/          limits:/          limits: all\n          other:/
user-negative|s/runAsUser: 1000/runAsUser: -1/
user-text|s/runAsUser: 1000/runAsUser: root/
readonly-text|s/readOnlyRootFilesystem: true/readOnlyRootFilesystem: "true"/
readonly-number|s/readOnlyRootFilesystem: true/readOnlyRootFilesystem: 1/
security-typo|s/securityContext:/securitycontext:/
mount-unknown|s/        - name: cache/        - name: nocache/
mount-relative-colon|s/mountPath: \/cache/mountPath: "\/a:b"/
mount-missing|/mountPath/d
mount-double|s/          mountPath: \/cache/          mountPath: \/cache\n        - name: cache\n          mountPath: \/cache/
mount-subpath-up|s/          mountPath: \/cache/          mountPath: \/cache\n          subPath: ..\/up/
volume-two|s/emptyDir: {}/emptyDir: {}\n        hostPath: {path: \/tmp}/
volume-typo|s/emptyDir: {}/emptydir: {}/
volume-double|s/        emptyDir: {}/        emptyDir: {}\n      - name: cache\n        emptyDir: {}/
restart-unknown|s/restartPolicy: Always/restartPolicy: Sometimes/
restart-never|s/restartPolicy: Always/restartPolicy: Never/
restart-misplaced|s/        workingDir: .*/        restartPolicy: 5/
grace-text|s/terminationGracePeriodSeconds: 5/terminationGracePeriodSeconds: 5s/
alias-bad|s/ip: 192.0.2.1/ip: 192.0.2.256/
alias-name|s/- other/- "ot her"/
labels-list|s/^    app: web/    - web/
labels-number|0,/    app: web/s//    app: 5/
data-list|s/  key: value/  - value/
data-number|s/  key: value/  key: 5/
data-name|s/  key: value/  "a\/b": value/
duplicate-key|s/  replicas: 1/  replicas: 1\n  replicas: 1/
duplicate-name|s/^  name: web/  name: web\n  name: web2/
tab-indent|s/^  replicas/\treplicas/
unclosed-quote|s/busybox:1.35/"busybox:1.35/
unclosed-flow|s/emptyDir: {}/emptyDir: {/
bad-indent|s/^  replicas/ replicas/
unknown-alias|s/replicas: 1/replicas: *nowhere/
unknown-tag|s/replicas: 1/replicas: !!python\/object:os.system 1/
directive|1s/^/%YAML 3.0\n---\n/
control-character|s/busybox:1.35/"busy\x01box"/
bad-escape|s/busybox:1.35/"busy\\qbox"/
bad-utf8|s/busybox:1.35/busy\xff\xfebox/
document-text|1s/^/just text\n---\n/
document-list|1s/^/[1, 2]\n---\n/
END

# What is too much, too deep, or grows.
{
	echo 'apiVersion: v1'
	echo 'kind: ConfigMap'
	echo 'metadata: {name: bomb}'
	echo 'data:'
	echo '  a: &a [x,x,x,x,x,x,x,x,x,x]'
	for i in {b..i}; do
		prev=$(printf '%b' "\\x$(printf %x $(($(printf '%d' "'$i") - 1)))")
		echo "  $i: &$i [*$prev,*$prev,*$prev,*$prev,*$prev,*$prev,*$prev,*$prev,*$prev,*$prev]"
	done
} >bad/alias-bomb.yaml
printf 'a: &a\n  b: *a\n' >bad/alias-self.yaml
head -c 10000000 /dev/zero | tr '\0' '[' >bad/brackets.yaml
head -c 10000000 /dev/zero | tr '\0' '{' >bad/braces.yaml
{ printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deep}\ndata:\n' && for i in {1..3000}; do printf "%${i}s" '' && echo 'a:'; done; } >bad/deep.yaml
head -c 10000000 /dev/zero | sed 's/\x0/- - - - /g;' 2>/dev/null | head -c 10000000 >bad/dashes.yaml
head -c 3000000 /dev/urandom >bad/noise.yaml
head -c 100000 /dev/zero >bad/zeros.yaml
printf '\xff\xfe\x00' >bad/half-utf16.yaml
for ((i = 0; i < 20000; i++)); do echo "key$i: *x$i"; done >bad/many-errors.yaml

shopt -s nullglob
files=(bad/*.yaml)
ok "there are a hundred malformed manifests and more (${#files[@]})" test "${#files[@]}" -ge 100

snapshot before
n=0 slow=0
sanitized=no
[[ ${KP_VARIANT-} != san ]] || sanitized=yes
for f in "${files[@]}"; do
	# In a sanitizer build, address space says nothing about memory.
	limit=(prlimit --as=300000000 --cpu=20 --)
	[ "$sanitized" = no ] || limit=(prlimit --cpu=120 --)
	start=$(ms)
	run timeout 150 "${limit[@]}" "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" up --network none "$f"
	took=$(($(ms) - start))
	[ "$took" -lt 5000 ] || slow=$((slow + 1))
	if [ "$status" != 3 ]; then
		fail "${f#bad/}: exit code 3"
		diag "exit code $status" "${out:0:500}" "${err:0:1000}"
	elif ! [[ $err =~ ${f//./\\.}:[0-9]+:[0-9]+:\ .+ ]]; then
		fail "${f#bad/}: file:line:column"
		diag "${err:0:1000}"
	elif [ "${#err}" -gt 200000 ]; then
		fail "${f#bad/}: no flood of messages"
		diag "${#err} bytes"
	elif [[ $err == *$'\033'* || $err == *$'\001'* ]]; then
		fail "${f#bad/}: control characters in the message"
	else
		n=$((n + 1))
	fi
done
is "$n" "${#files[@]}" 'every one exits 3 with file:line:column'
if [ "$sanitized" = no ]; then
	is "$slow" 0 'none takes 5 s'
fi
snapshot after
ok 'and nothing was made' snapshot_diff before after "$KP_ROOT"

# --- what helps
run kp up bad/mutant-image-typo.yaml
like "$err" 'did you mean.*image' 'a misspelt field has a suggestion'
line=$(grep -n 'imgae:' bad/mutant-image-typo.yaml | cut -d: -f1)
like "$err" "mutant-image-typo.yaml:$line:9: " 'with the very line and column'
run kp up bad/mutant-kind-typo.yaml
like "$err" 'Deployment' 'a misspelt kind has one too'
sed 's/imagePullPolicy/imagePullPolice/;s/containerPort/containerport/;s/kind: ConfigMap/kind: ConfigMop/' good.yaml >three.yaml
run kp up three.yaml
is "$status" 3 'three errors'
like "$err" 'imagePullPolice' 'all of them are reported: one'
like "$err" 'containerport' 'two'
like "$err" 'ConfigMop' 'three'
run kp up --validate=warn bad/mutant-security-typo.yaml --network none -p w
unlike "$status" '^3$' 'an unknown field is only a warning under --validate=warn'
like "$err" 'securitycontext' 'which is said'
run kp down -p w
run bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' up - <bad/mutant-replicas-text.yaml"
is "$status" 3 'on stdin'
like "$err" '(stdin|-):[0-9]+:[0-9]+: ' 'the file is called so'
mkdir dir
cp good.yaml dir/a.yaml
cp bad/mutant-replicas-text.yaml dir/b.yaml
run kp up dir
is "$status" 3 'one bad file in a directory'
like "$err" 'dir/b\.yaml:[0-9]+:[0-9]+: ' 'is the one that is named'
run kp up nowhere.yaml
like "$status" '^[1-3]$' 'a file that does not exist is an error'
like "$err" 'nowhere.yaml.*No such file' 'which says so'
run kp up
isnt "$status" 0 'up of nothing is an error'
run kp up --no-such-option good.yaml
is "$status" 2 'an unknown option is exit code 2'
run kp no-such-verb
is "$status" 2 'an unknown verb is exit code 2'
plan_done
