#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Registries that misbehave: clear message, exit code 4, nothing half-visible in the store, and the next run works.
# shellcheck disable=SC2016,SC2119
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

registry_start
badreg_start -s 600

store_files() { find "$KP_ROOT" -type f ! -name '*.lock' -size +64k | wc -l; }
nothing_half() { # WHAT
	run kp images -q
	is "$out" '' "$1: no image is in the store"
}

# mode, then what the message must say
while read -r mode want; do
	start=$(ms)
	run timeout 60 "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" pull --quiet "$BADREG/$mode/busybox:1.35"
	is "$status" 4 "$mode: exit code 4"
	like "$err" "$mode/busybox" "$mode: the message names the image"
	like "$err" "$want" "$mode: and what was wrong"
	unlike "$err" $'\033' "$mode: no control characters"
	nothing_half "$mode"
	ok "$mode: in bounded time" test $(($(ms) - start)) -lt 60000
done <<'END'
401 401|[Aa]uth|[Uu]nauthorized|[Cc]redential|log in
403 403|[Ff]orbidden|[Dd]enied
404 404|[Nn]ot found|does not exist|unknown
429 429|[Tt]oo many|[Rr]ate
500 500|[Ss]erver
truncate truncat|short|incomplete|closed|partial|ended|transfer
wrongdigest [Dd]igest|sha256
wrongmanifest [Dd]igest|sha256|manifest
toolong [Ss]ize|longer|more|larger|[Dd]igest
notjson [Mm]anifest|JSON|json
html [Mm]anifest|JSON|json|html
endless large|limit|long
loop [Rr]edirect
reset [Cc]onnection|reset|closed|empty|recv
tokendenied 401|[Aa]uth|[Uu]nauthorized|[Dd]enied|[Cc]redential
basic 401|[Aa]uth|[Uu]nauthorized|[Cc]redential
END
is "$(store_files)" 0 'no large file is left in the store'

# --- what must work in spite of it
for mode in pass token redirect 503once 429once truncateonce; do
	run timeout 60 "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" pull --quiet "$BADREG/$mode/busybox:1.35"
	is "$status" 0 "$mode: works"
	run kp rmi "$BADREG/$mode/busybox:1.35"
done
mkdir -p "$HOME/.docker"
printf '{"auths": {"%s": {"auth": "%s"}}}' "$BADREG" "$(printf kp:secret | base64)" >"$HOME/.docker/config.json"
run kp pull --quiet "$BADREG/basic/busybox:1.35"
is "$status" 0 "basic: works with the password of docker's config.json"
run kp pull --quiet "$BADREG/tokenbasic/busybox:1.35"
is "$status" 0 'tokenbasic: works too'
like "$(grep '/v2/redirect' .badreg.log | head -1)" 'redirect' '(redirects were asked for)'
kp rmi "$BADREG/basic/busybox:1.35" "$BADREG/tokenbasic/busybox:1.35" >/dev/null 2>&1

# --- up says it too
cat >pod.yaml <<END
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: app, image: "$BADREG/404/busybox:1.35", command: [sleep, '100']}]
END
snapshot before
run kp up --network none pod.yaml
is "$status" 4 'up of an image that cannot be had is exit code 4'
like "$err" '404/busybox' 'and names it'
snapshot after
ok 'and leaves nothing' snapshot_diff before after
sed -i 's/image: /imagePullPolicy: Never, image: /' pod.yaml
run kp up --network none pod.yaml
is "$status" 4 'imagePullPolicy Never with an absent image is exit code 4'
like "$err" 'Never' 'and says that this is why'

# --- a pull killed half-way, and one that stalls
snapshot before
"$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" pull --quiet "$BADREG/stall/busybox:1.35" >/dev/null 2>&1 &
p=$!
wait_for 10 grep -q '/v2/stall/busybox/blobs' .badreg.log
sleep 0.3
kill -KILL "$p"
wait "$p" 2>/dev/null
nothing_half 'killed half-way'
ok 'killed half-way: no process is left' wait_for 5 bash -c '! pgrep -x kubeplay-image'
run kp pull --quiet "$REGISTRY/busybox:1.35"
is "$status" 0 'the next pull works'
run kp rmi "$REGISTRY/busybox:1.35"
is "$(store_files)" 0 'and has removed what was left of the killed one'
bg "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" pull --quiet "$BADREG/stall/busybox:1.35" >/dev/null 2>&1
p=$bg_pid
wait_for 10 bash -c 'test "$(grep -c /v2/stall/busybox/blobs .badreg.log)" -ge 2'
kill -INT "$p"
wait "$p"
is "$?" 130 'Ctrl-C during a pull is exit code 130'
nothing_half 'interrupted'

# --- nobody there
run timeout 60 "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" pull "127.0.0.1:$(free_port)/busybox:1.35"
is "$status" 4 'a registry that is not there is exit code 4'
like "$err" '[Cc]onnect|refused' 'and says so'
run kp pull 'UPPER/case:x'
like "$status" '^[234]$' 'a name that is none is refused'

# --- two at once get one image
kp pull --quiet "$REGISTRY/nginx:1.22" >one 2>&1 &
a=$!
kp pull --quiet "$REGISTRY/nginx:1.22" >two 2>&1 &
b=$!
wait "$a"
ra=$?
wait "$b"
is "$ra $?" '0 0' 'two pulls of one image at once both succeed'
is "$(kp images -q | sort -u | wc -l)" 1 'and give one image'
plan_done
