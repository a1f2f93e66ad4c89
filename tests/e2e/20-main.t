#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# shellcheck disable=SC2016,SC2119
# The main job, once through: a pod with nginx, redis and a sidecar from a registry, and a second pod beside it.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

registry_start
port=$(free_port)
udp=$(free_port)
host_open=$(free_port)
host_local=$(free_port)

mkdir -p site shared
echo 'page from the host' >site/index.html
echo 'from the host' >shared/file
chmod 0751 shared
chmod 0640 shared/file

cat >main.yaml <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  colour: blue
  app.conf: |
    line one
    line two
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {password: s3cr3t-value}
data: {blob: AAEC/w==}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 2
  hostAliases:
  - {ip: 192.0.2.77, hostnames: [alias.test]}
  containers:
  - name: nginx
    image: $REGISTRY/nginx:1.22
    command: [nginx, -g, daemon off;, -c, /etc/nginx/unprivileged.conf]
    securityContext: {runAsUser: 101, runAsGroup: 101}
    ports:
    - {name: http, containerPort: 8080, hostPort: $port}
    volumeMounts:
    - {name: site, mountPath: /var/www/html, readOnly: true}
  - name: redis
    image: $REGISTRY/redis:7.0
    volumeMounts:
    - {name: data, mountPath: /data}
  - name: sidecar
    image: $REGISTRY/busybox:1.35
    command: [/bin/sh, -c, 'echo sidecar is up; while :; do sleep 1; done']
    env:
    - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: token, key: password}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: GREETING, value: hello \$(COLOUR)}
    volumeMounts:
    - {name: settings, mountPath: /etc/settings}
    - {name: settings, mountPath: /etc/one.conf, subPath: app.conf}
    - {name: token, mountPath: /etc/token}
    - {name: cache, mountPath: /cache}
    - {name: data, mountPath: /data}
    - {name: host, mountPath: /host}
  volumes:
  - {name: site, hostPath: {path: $T/site}}
  - {name: settings, configMap: {name: settings}}
  - {name: token, secret: {secretName: token, defaultMode: 0400}}
  - {name: cache, emptyDir: {}}
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: host, hostPath: {path: $T/shared}}
---
apiVersion: v1
kind: Pod
metadata: {name: peer}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: peer
    image: $REGISTRY/busybox:1.35
    command: [probe, peer, '7000']
    ports:
    - {containerPort: 7000, hostPort: $udp, protocol: UDP}
END

# --- up
run kp up main.yaml
is "$status" 0 'up brings both pods up from the registry'
[ "$status" = 0 ] || bail 'without pods there is nothing to test'
run kp ps -o json
is "$(jq -r .kind <<<"$out")" List 'ps -o json is a Kubernetes List'
is "$(jq -r '[.items[] | .kind + "/" + .metadata.name + "/" + .status.phase] | sort | join(" ")' <<<"$out")" \
	'Pod/peer/Running Pod/web/Running' 'of two running pods'
is "$(jq -r '[.items[].status.containerStatuses[] | select(.ready and .state.running.startedAt and .restartCount == 0
	and (.imageID | test("sha256:")))] | length' <<<"$out")" 4 'with four ready containers'
web_ip=$(jq -r '.items[] | select(.metadata.name == "web").status.podIP' <<<"$out")
peer_ip=$(jq -r '.items[] | select(.metadata.name == "peer").status.podIP' <<<"$out")
like "$web_ip $peer_ip" '^10\.[0-9.]+ 10\.[0-9.]+$' 'the pods have addresses'
in_sidecar() { kp exec -c sidecar web -- "$@"; }

# --- the published port
is "$(curl -s -m 5 "http://127.0.0.1:$port/")" 'page from the host' "nginx's page comes by the hostPort"
is "$(client curl -s -m 5 "http://192.0.2.10:$port/")" 'page from the host' 'another host gets it too'
is "$(client curl -s -m 5 --interface 198.51.100.9 "http://192.0.2.10:$port/seen" -o /dev/null -w '%{http_code}')" 404 \
	'and by another of its addresses'
wait_for 5 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' logs -c nginx web | grep -q /seen"
run kp logs -c nginx web
like "$out" '198\.51\.100\.9 .*GET /seen' 'the access log has the real address of the client'
like "$out" '192\.0\.2\.1 .*GET / ' 'of each client'
is "$(client "$TOP/build/kit/probe" udp 192.0.2.10 "$udp")" 192.0.2.1 'a UDP client is seen by its own address'
run kp port
like "$out" "$port.*8080|8080.*$port" 'port lists what is published'

# --- inside the pod and between pods
like "$(in_sidecar sh -c 'printf "SET k v\r\nGET k\r\nQUIT\r\n" | nc localhost 6379 | tr -d "\r" | tr "\n" " "')" \
	'OK .1 v .OK' 'the sidecar talks to redis by localhost'
like "$(in_sidecar nslookup peer 2>&1)" "$peer_ip" 'the sidecar resolves the other pod by name'
is "$(in_sidecar sh -c 'nc peer 7000 </dev/null')" "$web_ip" 'and reaches it, with its own address'
is "$(in_sidecar probe udp "$peer_ip" 7000)" "$web_ip" 'by UDP as well'
like "$(in_sidecar nslookup upstream.test 2>&1)" '203\.0\.113\.5' 'other names are asked of the resolver of the host'
like "$(in_sidecar cat /etc/hosts)" "${web_ip}[[:space:]]+web" 'the hosts file has the pod itself'
like "$(in_sidecar cat /etc/hosts)" '192\.0\.2\.77[[:space:]]+alias.test' 'and the host alias'
is "$(in_sidecar hostname)" web 'its name is its host name'
run in_sidecar sh -c 'exit 7'
is "$status" 7 'exec gives the exit code'
is "$(echo through | in_sidecar true; echo through | kp exec -i -c sidecar web -- cat)" through 'exec -i passes stdin'
run in_sidecar no-such-command
is "$status" 127 'a command that does not exist is 127'
run in_sidecar /etc/passwd
is "$status" 126 'one that cannot be executed is 126'

# --- the host
mkdir local open
echo local >local/index.html
echo open >open/index.html
bg busybox httpd -f -p "127.0.0.1:$host_local" -h local
bg busybox httpd -f -p "0.0.0.0:$host_open" -h open
wait_for 5 try_tcp 127.0.0.1 "$host_open"
wait_for 5 try_tcp 127.0.0.1 "$host_local"
is "$(curl -s "http://127.0.0.1:$host_local/") $(curl -s "http://192.0.2.10:$host_open/")" 'local open' 'two servers on the host'
is "$(in_sidecar timeout 3 wget -q -O - "http://host.containers.internal:$host_open/")" open \
	'a server on 0.0.0.0 of the host is reached by host.containers.internal'
gateway=$(in_sidecar sh -c "ip route | sed -n 's/^default via \([^ ]*\).*/\1/p'")
for a in host.containers.internal "$gateway" 127.0.0.1 192.0.2.10 10.0.2.2 10.0.2.3 10.0.2.100 169.254.1.1; do
	run in_sidecar timeout 2 wget -q -O - "http://$a:$host_local/"
	unlike "$out" local "one on 127.0.0.1 is not reached by $a"
done

# --- configuration and storage
is "$(in_sidecar sh -c 'echo "$COLOUR,$PASSWORD,$GREETING,$POD_IP"')" "blue,s3cr3t-value,hello blue,$web_ip" \
	'environment from ConfigMap, Secret, field and expansion'
is "$(in_sidecar sh -c 'cat /etc/settings/app.conf; cat /etc/one.conf')" "$(printf 'line one\nline two\nline one\nline two')" \
	'ConfigMap files, also by subPath'
is "$(in_sidecar sh -c 'stat -L -c %a /etc/settings/colour; stat -L -c %a /etc/one.conf')" $'644\n644' 'have mode 0644'
is "$(in_sidecar sh -c 'readlink /etc/settings/colour; readlink /etc/settings/..data | cut -c1-2')" $'..data/colour\n..' \
	"are laid out as a kubelet's"
not_ok 'and cannot be written' in_sidecar sh -c 'echo x >/etc/settings/colour'
is "$(in_sidecar sh -c 'stat -L -c %a /etc/token/password; cat /etc/token/password; od -An -tx1 /etc/token/blob')" \
	$'400\ns3cr3t-value 00 01 02 ff' 'Secret files have their mode and their bytes'
like "$(in_sidecar sh -c 'grep " /etc/token " /proc/self/mountinfo')" ' tmpfs ' 'Secrets lie in memory'
not_ok 'a Secret value is nowhere on disk' grep -rlF s3cr3t-value "$KP_ROOT"
is "$(in_sidecar sh -c 'stat -c %a /cache; ls -A /cache | wc -l; echo x >/cache/x && cat /cache/x')" $'777\n0\nx' \
	'an emptyDir is empty, 0777 and writable'
ok 'the claim has what redis wrote' in_sidecar ls -d /data/appendonlydir
is "$(in_sidecar stat -c '%a %u' /host) $(in_sidecar stat -c '%a %u' /host/file)" '751 0 640 0' \
	'a hostPath keeps owner and mode; the user is root in there'
in_sidecar sh -c 'echo from the pod >/host/new'
is "$(cat shared/new)" 'from the pod' 'what is written there is on the host'
is "$(stat -c %u shared/new)" "$(id -u)" 'and belongs to the user'
run kp exec -c nginx web -- sh -c 'echo x >/var/www/html/x'
isnt "$status" 0 'a read-only hostPath cannot be written'

# --- looking at it
run kp logs -c sidecar web
is "$out" 'sidecar is up' 'logs has what the sidecar said'
run kp logs -c sidecar -t web
like "$out" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z sidecar is up$' 'logs -t has the time'
run kp plan -o json main.yaml
unlike "$out" 's3cr3t-value|AAEC/w' 'plan shows no Secret'

# --- nothing changed; something changed
before=$(kp ps -o json | jq -r '.items[] | .metadata.name + .status.containerStatuses[0].state.running.startedAt' | sort)
run kp up main.yaml
is "$status" 0 'up again succeeds'
is "$(kp ps -o json | jq -r '.items[] | .metadata.name + .status.containerStatuses[0].state.running.startedAt' | sort)" \
	"$before" 'and touches nothing'
sed -i "s/\[probe, peer, '7000'\]/[probe, peer, '7001']/" main.yaml
web_started=$(kp ps -o json | jq -c '.items[] | select(.metadata.name == "web") | [.status.containerStatuses[].containerID]')
peer_started=$(kp ps -o json | jq -c '.items[] | select(.metadata.name == "peer") | [.metadata.uid, .status.startTime]')
run kp up main.yaml
is "$status" 0 'up of an edited file succeeds'
is "$(kp ps -o json | jq -c '.items[] | select(.metadata.name == "web") | [.status.containerStatuses[].containerID]')" \
	"$web_started" 'the pod that did not change goes on'
isnt "$(kp ps -o json | jq -c '.items[] | select(.metadata.name == "peer") | [.metadata.uid, .status.startTime]')" \
	"$peer_started" 'the one that did is new'
is "$(in_sidecar sh -c 'nc -w 3 peer 7001 </dev/null')" "$web_ip" 'and answers as it now should'

run kp down main.yaml
is "$status" 0 'down'

# --- --host-loopback
run kp up --host-loopback main.yaml
is "$status" 0 'up --host-loopback'
is "$(in_sidecar timeout 3 wget -q -O - "http://host.containers.internal:$host_local/")" local \
	'then a server on 127.0.0.1 of the host is reached by host.containers.internal'
like "$(in_sidecar sh -c 'printf "GET k\r\nQUIT\r\n" | nc localhost 6379 | tr -d "\r" | tr "\n" " "')" '.1 v' \
	"the claim kept redis' data"
run kp down --volumes main.yaml
is "$status" 0 'down --volumes'
plan_done
