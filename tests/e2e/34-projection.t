#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# timeout: 180
# What a container is told of its configuration and of its pod: variables, files, sub paths.
# shellcheck disable=SC2016
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

load busybox
mkdir conf
printf 'key = "value"\n' >conf/app.ini
printf '\000\377\n' >conf/raw.bin
printf '# nothing\nCOLOUR=blue\nEMPTY=\n' >vars.env
cat >extra.yaml <<'END'
apiVersion: v1
kind: Secret
metadata: {name: pw}
stringData: {password: correct-horse, user: me}
END
cat >pods.yaml <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {one: "1", two: "2", nested: deep}
---
apiVersion: v1
kind: Pod
metadata:
  name: p
  labels: {app: web, tier: front}
  annotations: {example.org/note: "two\nlines and a \"quote\""}
spec:
  serviceAccountName: worker
  initContainers:
  - name: writer
    image: busybox:1.35
    command: [sh, -c, 'echo from-init >/out/file']
    env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    volumeMounts: [{name: own, mountPath: /out, subPathExpr: 'data/$(POD)'}]
  containers:
  - name: c
    image: busybox:1.35
    command: [probe, term, '0']
    resources: {limits: {cpu: 1500m}, requests: {memory: 6500Ki}}
    envFrom:
    - {prefix: CFG_, configMapRef: {name: settings}}
    - configMapRef: {name: vars}
    - secretRef: {name: absent, optional: true}
    env:
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
    - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
    - {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: CPUS, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: CPU_M, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
    - {name: MEM, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    - {name: NODE_MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Ki}}}
    - {name: PW, valueFrom: {secretKeyRef: {name: pw, key: password}}}
    - {name: URL, value: 'http://$(PW)@$(IP)/$(CFG_one)?$$(CFG_one)$(NONE)'}
    volumeMounts:
    - {name: all, mountPath: /all}
    - {name: downward, mountPath: /pod}
    - {name: picked, mountPath: /picked, readOnly: true}
    - {name: made, mountPath: /made}
    - {name: own, mountPath: /own}
    - {name: own, mountPath: /by-name, subPathExpr: 'data/$(POD)'}
    - {name: own, mountPath: /by-ip, subPathExpr: 'ip/$(IP)'}
    - {name: all, mountPath: /etc/one.conf, subPath: cfg/one}
    - {name: scratch, mountPath: '/scratch:z'}
    - {name: scratch, mountPath: '/scratch-ro:ro,Z'}
  - name: other
    image: busybox:1.35
    command: [probe, term, '0']
    volumeMounts: [{name: scratch, mountPath: /scratch}]
  volumes:
  - name: all
    projected:
      defaultMode: 0440
      sources:
      - configMap: {name: settings, items: [{key: one, path: cfg/one}, {key: nested, path: a/b/c, mode: 0444}]}
      - secret: {name: pw, items: [{key: password, path: password, mode: 0400}]}
      - configMap: {name: not-here, optional: true}
      - downwardAPI: {items: [{path: cfg/name, fieldRef: {fieldPath: metadata.name}}]}
  - name: downward
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: annotations, fieldRef: {fieldPath: metadata.annotations}, mode: 0600}
      - {path: uid, fieldRef: {fieldPath: metadata.uid}}
      - {path: cpu, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}
      - {path: node_cpus, resourceFieldRef: {containerName: other, resource: limits.cpu}}
  - {name: picked, configMap: {name: settings, defaultMode: 0555, items: [{key: two, path: two}]}}
  - {name: made, configMap: {name: made}}
  - {name: own, emptyDir: {}}
  - name: scratch
    ephemeral:
      volumeClaimTemplate:
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
END
made=(--configmap-from-file made=conf --configmap-from-file made=extra.ini=conf/app.ini --configmap-from-env vars=vars.env
	--secret-file extra.yaml)
run kp up "${made[@]}" pods.yaml
is "$status" 0 'up'
c() { kp exec -c c p -- "$@"; }
v() { c sh -c "printf %s \"\$$1\""; }

# --- variables
is "$(v CFG_one) $(v CFG_two) $(v CFG_nested)" '1 2 deep' 'envFrom with a prefix'
is "$(v COLOUR)/$(c sh -c 'echo "${EMPTY-unset}"')" 'blue/' 'and from a ConfigMap that an option made'
is "$(v POD) $(v NS) $(v TIER) $(v ACCOUNT)" 'p default front worker' 'fields of the pod'
is "$(v UID)" "$(kp plan "${made[@]}" -o json pods.yaml | jq -r '.pods[0].uid')" 'its uid is that of the plan'
is "$(v NODE)" "$(uname -n)" 'spec.nodeName is this machine'
is "$(v IP)" "$(c hostname -i)" 'status.podIP'
isnt "$(v IP)" '' 'which is set'
is "$(v CPUS) $(v CPU_M) $(v MEM)" '2 1500 7' 'resources are divided and rounded up'
is "$(v NODE_MEM)" "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" "a limit that nobody set is the machine's"
is "$(v URL)" 'http://correct-horse@'"$(v IP)"'/1?$(CFG_one)$(NONE)' '$(NAME) is replaced by what stands before it'

# --- a projected volume
show() { c sh -c "cd $1 && find . -type f -o -type l | while read -r f; do
	[ -h \"\$f\" ] && echo \"\$f -> \$(readlink \"\$f\" | sed 's/^\.\.2[0-9_.]*/STAMP/')\" ||
	echo \"\$f \$(stat -c %a \"\$f\" | sed 's/^/mode /')\"; done | sed 's,\./\.\.2[0-9_.]*/,./STAMP/,'" | LC_ALL=C sort; }
is "$(show /all)" './..data -> STAMP
./STAMP/a/b/c mode 444
./STAMP/cfg/name mode 440
./STAMP/cfg/one mode 440
./STAMP/password mode 400
./a -> ..data/a
./cfg -> ..data/cfg
./password -> ..data/password' "several sources in one directory, in the kubelet's layout"
is "$(c sh -c 'cd /all; cat cfg/one a/b/c password cfg/name')" '1deepcorrect-horsep' 'with their contents'
not_ok 'it is read only' c sh -c 'echo x >/all/cfg/one'
is "$(c cat /etc/one.conf)" 1 'one of its files by subPath'
not_ok 'also read only' c sh -c 'echo x >/etc/one.conf'
like "$(c stat -f -c %T /all)" tmpfs 'it lies in memory'

# --- the downward API
is "$(c cat /pod/labels)" 'app="web"
tier="front"' 'labels as a file'
is "$(c cat /pod/annotations)" 'example.org/note="two\nlines and a \"quote\""' 'annotations with escapes'
is "$(c stat -L -c %a /pod/annotations /pod/labels | tr '\n' ' ')" '600 644 ' 'modes of items and the default'
is "$(c cat /pod/uid)" "$(v UID)" 'the uid'
is "$(c cat /pod/cpu) $(c cat /pod/node_cpus)" "1500 $(getconf _NPROCESSORS_ONLN)" 'resources of containers'

# --- ConfigMaps
is "$(show /picked)" './..data -> STAMP
./STAMP/two mode 555
./two -> ..data/two' 'items pick keys'
is "$(c ls /made | tr '\n' ' ')" 'app.ini extra.ini raw.bin ' 'files that an option named'
is "$(c cat /made/extra.ini)$(c od -An -tx1 /made/raw.bin)" 'key = "value" 00 ff 0a' 'byte by byte'

# --- sub paths
is "$(c cat /by-name/file)" from-init 'subPathExpr is the same directory in every container that says so'
is "$(c cat /own/data/p/file)" from-init 'and lies where it says'
ok 'a directory named by the pod IP' c sh -c 'echo x >/by-ip/f && test "$(cat /own/ip/$IP/f)" = x'
is "$(c stat -c %a /own /own/data /own/ip | tr '\n' ' ')" '777 777 777 ' "what was missing has the volume's mode"

# --- an ephemeral volume
ok 'it is writable' c sh -c 'echo mine >/scratch/f'
is "$(kp exec -c other p -- cat /scratch/f)" mine 'and shared by the containers of its pod'
is "$(c cat /scratch-ro/f)" mine "podman's suffix of a mount path is understood"
not_ok 'and its ro is in force' c sh -c 'echo x >/scratch-ro/f'
is "$(kp volume ls -o name)" '' 'it is no claim'

# --- Secrets stay out of what is shown and saved
not_ok 'no Secret in the files of the project' grep -rqs correct-horse "$KP_ROOT" "$KP_RUNROOT"
unlike "$(kp plan "${made[@]}" -o json pods.yaml)" correct-horse 'nor in the plan'

# --- once more
run kp up "${made[@]}" pods.yaml
like "$status $out" '^0.*unchanged' 'the same files change nothing'
printf 'key = "other"\n' >conf/app.ini
run kp up "${made[@]}" pods.yaml
is "$status $(kp exec -c c p -- cat /made/app.ini)" '0 key = "other"' 'a changed file of an option makes a new pod'
not_ok 'whose ephemeral volume is empty' kp exec -c other p -- cat /scratch/f
run kp down --volumes
is "$status" 0 'down'

# --- what cannot be
cat >late.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: late}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: busybox:1.35
    command: ['true']
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: UP, value: '../../$(IP)'}]
    volumeMounts: [{name: v, mountPath: /m, subPathExpr: 'x/$(UP)'}]
  volumes: [{name: v, emptyDir: {}}]
END
run kp up --network none late.yaml
like "$status $err" '^1 .*mount /m: subPathExpr x/\.\./\.\./\$\(status.podIP\) does not come to a relative path' \
	'a sub path that leads out is refused when it is known'
run kp down late
cat >cloud.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: cloud}
spec:
  containers:
  - {name: c, image: 'busybox:1.35', command: [probe, term, '0'], volumeMounts: [{name: v, mountPath: /v}]}
  volumes: [{name: v, nfs: {server: s.example.org, path: /}}]
END
run kp up cloud.yaml
like "$status $err" '^3 .*cloud.yaml:7:23: spec.volumes\[0\].nfs: not supported' 'a network volume is refused'
run kp up --substitute-volumes cloud.yaml
is "$status" 0 'unless it may be replaced'
ok 'by a directory' kp exec cloud -- sh -c 'echo x >/v/f'
run kp down cloud
is "$status" 0 'down again'
plan_done
