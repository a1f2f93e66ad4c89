#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# Tests of the test kit itself: what the other tests take for granted.
# shellcheck disable=SC2016,SC2119
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

# --- enter
if [ "$KP_AS" = user ]; then
	is "$(id -un)" kptest 'runs as the unprivileged user'
	not_ok "cannot read root's files" cat /etc/shadow
	not_ok 'has no capabilities' grep -qv '0000000000000000$' <(grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status)
	ok 'has sub-ids that newuidmap accepts' unshare -U --map-auto --map-root-user test -r /proc/self/status
	like "$(unshare -U --map-auto --map-root-user awk '{ n += $3 } END { print n }' /proc/self/uid_map)" '^6553[67]$' 'all of them'
else
	is "$(id -un)" root 'runs as root'
fi
is "$(stat -c %a "$XDG_RUNTIME_DIR")" 700 'XDG_RUNTIME_DIR is private'
like "$(tail -1 /proc/self/cgroup)" '^0::/kptest\.[^/]+/leaf$' 'runs in the leaf of its own cgroup'
is "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs 'sees a pure cgroup2 tree'
ok 'may make cgroups there' mkdir "$KP_CGROUP/x"
sleep 100 &
moved=$!
ok 'may move its processes there' bash -c "echo $moved >'$KP_CGROUP/x/cgroup.procs'"
ok 'may kill a cgroup' bash -c "echo 1 >'$KP_CGROUP/x/cgroup.kill'"
{ wait "$moved"; } 2>/dev/null
is "$?" 137 'which ends them'
ok 'may remove cgroups' wait_for 2 rmdir "$KP_CGROUP/x"
ok '/dev/net/tun can be opened' test -r /dev/net/tun -a -w /dev/net/tun
ok '/dev/fuse can be opened' test -r /dev/fuse -a -w /dev/fuse
ok 'overlay, proc and sysfs mount in a user namespace' unshare -Urpfmn --mount-proc sh -ec '
	mount -t sysfs s /mnt; mount -t tmpfs t /media; cd /media; mkdir l u w m
	mount -t overlay -o userxattr,lowerdir=l,upperdir=u,workdir=w o m'
like "$(awk '/^SigIgn/ { print $2 }' /proc/self/status)" '[048c][0189]$' 'SIGINT and SIGQUIT are not ignored'
ok 'is alone: pid 1 is the kit' grep -q enter /proc/1/cmdline
ok 'paths are short enough for sockets' test "${#KP_RUNROOT}" -lt 30

# --- enter, from outside itself: nested, as its own root, when this test is root
if [ "$KP_AS" = root ]; then
	run "$KIT/enter" user id -un
	is "$out" kptest 'enter works inside enter'
	run "$KIT/enter" user bash -c 'exit 7'
	is "$status" 7 'the exit code comes through'
	run "$KIT/enter" user bash -c 'sleep 100 & echo started'
	is "$status" 97 'a process left behind is an error'
	like "$err" 'left behind.*sleep 100' 'and is named'
	run "$KIT/enter" user bash -c 'echo leak >$KP_TMP/san/log.1'
	is "$status" 98 "a sanitizer's report is an error"
	before=$(find /sys/fs/cgroup -maxdepth 1 -name 'kptest.*' | sort)
	"$KIT/enter" user sleep 100 &
	p=$!
	wait_for 5 pgrep -f '^sleep 100$'
	kill "$p"
	{ wait "$p"; } 2>/dev/null
	not_ok 'enter takes everything with it when it is ended' pgrep -f '^sleep 100$'
	is "$(find /sys/fs/cgroup -maxdepth 1 -name 'kptest.*' | sort)" "$before" 'its cgroup too'
	is "$(KP_FORCE_BIND=1 "$KIT/enter" user "$KIT/enter" 2>&1 | head -1 | cut -c1-5)" 'enter' \
		'a repository that the user cannot reach is shown elsewhere'
	like "$(KP_FORCE_BIND=1 "$KIT/enter" user bash -c 'echo $KP_TOP; ls $KP_TOP/tests/kit/lib.sh')" '^/var/tmp/.*lib.sh$' \
		'with everything in it'
fi

# --- run
if [ "$KP_AS" = root ]; then
	mkdir -p repo/tests/e2e
	cp -a "$KIT" "$TOP/tests/images" "$TOP/tests/run" repo/tests/
	ln -s "$TOP/build" repo/build
	fixture() { # NAME HEAD TEXT...
		printf '%s\n' '#!/bin/bash' "$2" '. "$(dirname "$0")/../kit/lib.sh"' "${@:3}" >"repo/tests/e2e/$1.t"
		chmod +x "repo/tests/e2e/$1.t"
	}
	fixture good '# root: yes' 'pass one' 'is "$KP_VARIANT" kit-test two' plan_done
	fixture skip '' 'pass one' 'skip 2 "no such luck"' plan_done
	fixture bad '' 'pass one' 'is 1 2 two' plan_done
	fixture noplan '' 'pass one' 'exit 0'
	fixture slow '# timeout: 3' 'pass one' 'sleep 60' plan_done
	fixture leak '' 'pass one' 'sleep 60 &' plan_done
	fixture alone '# serial' 'pass one' plan_done
	run env -u CI repo/tests/run --variant kit-test --only good --only alone
	is "$status $(tail -1 <<<"$out")" '0 5 passed, 0 failed, 0 skipped' 'run: all is well'
	run env -u CI repo/tests/run --variant kit-test --only skip
	is "$status $(tail -1 <<<"$out")" '0 1 passed, 0 failed, 2 skipped' 'run: skips are counted'
	run env CI=true repo/tests/run --variant kit-test --only skip
	is "$status $(tail -1 <<<"$out")" '1 1 passed, 2 failed, 0 skipped' 'run: and fail under CI'
	run env -u CI repo/tests/run --variant kit-test -j 4
	is "$status $(tail -1 <<<"$out")" '1 10 passed, 4 failed, 2 skipped' 'run: failures are counted'
	like "$out" 'FAILED e2e/slow.t .*ended after its limit of 3 s' 'run: a test that takes too long is ended'
	like "$out" 'FAILED e2e/leak.t .*left processes behind' 'run: a test that leaves processes fails'
	like "$out" 'FAILED e2e/noplan.t .*no plan' 'run: a test that ends early fails'
	like "$out" '# want: 2' 'run: what failed is shown'
	run repo/tests/run --variant kit-test --only nothing
	is "$status $(tail -1 <<<"$out")" '1 0 passed, 1 failed, 0 skipped' 'run: no test at all is a failure'
	rm -rf "$TOP/build/tests.kit-test"
fi

# --- network
like "$(ip -br addr show eth0)" '192\.0\.2\.10/24' 'has a network of its own'
not_ok 'which leads nowhere' timeout 0.5 bash -c 'exec 3<>/dev/tcp/192.0.2.77/80'
port=$(free_port)
"$TOP/build/kit/probe" peer "$port" >"$T/peer" &
bg_pids+=("$!")
wait_for 5 grep -q listening "$T/peer"
is "$(client bash -c "exec 3<>/dev/tcp/192.0.2.10/$port; cat <&3")" 192.0.2.1 'another host reaches it'
is "$(client curl -s --http0.9 --interface 198.51.100.9 "http://192.0.2.10:$port/" 2>/dev/null | head -1)" 198.51.100.9 \
	'with an address of its choice'
like "$(getent ahostsv4 upstream.test)" 203.0.113.5 'its resolver knows upstream.test'
is "$(getent ahostsv4 big.upstream.test | grep -c STREAM)" 60 'and answers by TCP what is too long'
not_ok 'and nothing else' getent hosts example.com

# --- snapshot
snapshot before
snapshot after
ok 'two snapshots of the same are equal' snapshot_diff before after
mkdir "$KP_ROOT/d" "$KP_CGROUP/y"
bg unshare -Ur --net sleep 100
wait_for 5 grep -q sleep "/proc/$bg_pid/comm"
port=$(free_port)
"$TOP/build/kit/probe" peer "$port" >"$T/peer2" &
bg_pids+=("$!")
wait_for 5 grep -q listening "$T/peer2"
snapshot after
run snapshot_diff before after
is "$status" 1 'a difference is seen'
like "$out" "file d [^ ]+ [^ ]+ $KP_ROOT/d" 'files'
like "$out" 'process [0-9]+ sleep' 'processes'
like "$out" 'netns net:' 'network namespaces'
like "$out" "cgroup $KP_CGROUP/y" 'cgroups'
like "$out" "listener tcp6 [0-9A-F]+:$(printf %04X "$port")" 'listeners'
like "$out" "listener udp6 [0-9A-F]+:$(printf %04X "$port")" 'UDP sockets'
kill "$bg_pid" "${bg_pids[-1]}"
wait "$bg_pid" "${bg_pids[-1]}" 2>/dev/null
rmdir "$KP_ROOT/d" "$KP_CGROUP/y"
snapshot after
ok 'and its end too' snapshot_diff before after

# --- images
for i in busybox nginx redis whiteout multi busybox-zstd defaults; do
	bad=$(cd "$IMAGES/$i/blobs/sha256" && sha256sum ./* | awk '$2 != "./" $1')
	is "$bad" '' "$i: every blob has its digest for a name"
done
is "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$IMAGES/nginx/index.json")" \
	docker.io/library/nginx:1.22 'a layout names its image'
base() { jq -r '.layers[0].digest' "$IMAGES/$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$IMAGES/$1/index.json")"; }
is "$(base nginx)" "$(base busybox)" 'images share their base layer'
ok 'the docker-archive is one' tar -tf "$IMAGES/busybox-docker.tar" manifest.json
ok 'the OCI archive is one' tar -tf "$IMAGES/busybox-oci.tar" ./oci-layout
if [ "$KP_AS" = root ]; then
	ok 'a second build' "$KIT/setup" --images-into "$T/again"
	for i in busybox nginx redis whiteout multi; do
		is "$(jq -r '.manifests[0].digest' "$T/again/$i/index.json")" "$(jq -r '.manifests[0].digest' "$IMAGES/$i/index.json")" \
			"$i: gives the same digest"
	done
	like "$(tar -tvf "$T/again/busybox/blobs/sha256/$(jq -r '.layers[1].digest[7:]' \
		"$T/again/busybox/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$T/again/busybox/index.json")")")" \
		'-rwsr-xr-x 0/0 .*\./bin/suid' 'the setuid helper is one'
fi

# --- registry
registry_start
get() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }
is "$(get "http://$REGISTRY/v2/")" 200 'the registry answers'
for i in busybox:1.35 busybox:latest nginx:1.22 redis:7.0 whiteout:1 multi:1 busybox-v2s2:1 multi-v2s2:1 busybox-zstd:1; do
	is "$(get -H 'Accept: */*' -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		-H 'Accept: application/vnd.oci.image.index.v1+json' \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		-H 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' \
		"http://$REGISTRY/v2/${i%:*}/manifests/${i#*:}")" 200 "it has $i"
done

# --- badreg
badreg_start
manifest() { get -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$BADREG/v2/$1/busybox/manifests/1.35"; }
layer=$(base busybox)
is "$(get "http://$BADREG/v2/")" 200 'badreg answers'
is "$(manifest pass)" 200 'pass: passes through'
for i in 401 403 404 429 500; do
	is "$(manifest "$i")" "$i" "$i: answers $i"
done
like "$(curl -sSD - -o /dev/null "http://$BADREG/v2/429/busybox/manifests/1.35")" 'Retry-After: 1' '429: says when to come again'
is "$(manifest 503once) $(manifest 503once)" '503 200' '503once: works the second time'
is "$(manifest token)" 401 'token: needs one'
challenge=$(curl -sSD - -o /dev/null "http://$BADREG/v2/token/busybox/manifests/1.35" | grep -i ^www-authenticate)
like "$challenge" 'Bearer realm="http://127.0.0.1:[0-9]+/token",service="badreg",scope="repository:token/busybox:pull"' \
	'token: says where to get it'
token=$(curl -sS "http://$BADREG/token?service=badreg&scope=repository:token/busybox:pull" | jq -r .token)
is "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" \
	-H 'Accept: application/vnd.oci.image.manifest.v1+json' \
	"http://$BADREG/v2/token/busybox/manifests/1.35")" 200 'token: works with it'
is "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" \
	"http://$BADREG/v2/token/nginx/manifests/1.22")" 401 'token: but not for another repository'
is "$(get -u kp:secret -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
	"http://$BADREG/v2/basic/busybox/manifests/1.35") $(manifest basic)" '200 401' 'basic: needs the password'
curl -sS -o blob "http://$BADREG/v2/pass/busybox/blobs/$layer"
is "sha256:$(sha256sum <blob | cut -d' ' -f1)" "$layer" 'pass: a blob comes through unharmed'
curl -sS -o bad "http://$BADREG/v2/wrongdigest/busybox/blobs/$layer"
is "$(cmp -l blob bad | wc -l)" 1 'wrongdigest: one byte of it differs'
run curl -sS -o bad "http://$BADREG/v2/truncate/busybox/blobs/$layer"
is "$status" 18 'truncate: it ends too early'
run curl -sS -m 1 -o bad "http://$BADREG/v2/slow/busybox/blobs/$layer"
is "$status" 28 'slow: it takes its time'
run curl -sS -L -o bad "http://$BADREG/v2/redirect/busybox/blobs/$layer"
ok 'redirect: it is found elsewhere' cmp blob bad
run curl -sSL --max-redirs 5 -o bad "http://$BADREG/v2/loop/busybox/blobs/$layer"
is "$status" 47 'loop: or nowhere'
like "$(cat .badreg.log)" "GET /v2/401/busybox/manifests/1.35 401 -" 'badreg logs its requests'

for i in token tokenbasic basic; do
	badreg_start -m "$i"
	ok "$i: skopeo can pull" skopeo copy -q --src-tls-verify=false --src-creds kp:secret "docker://$BADREG/busybox:1.35" "oci:$T/$i"
done
badreg_start -m tokendenied
not_ok 'tokendenied: skopeo cannot' skopeo copy -q --src-tls-verify=false "docker://$BADREG/busybox:1.35" "oci:$T/no"

registry_stop
ok 'the registry stops' wait_for 5 bash -c '! (exec 3<>"/dev/tcp/127.0.0.1/$0") 2>/dev/null' "${REGISTRY#*:}"
plan_done
