#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where manifests come from: files, directories, patterns, URLs, several JSON texts; variables and settings on the way.
# shellcheck disable=SC2016
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

manifest() { # NAME [IMAGE]
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: "%s"}]}\n' "$1" "${2-i:1}"
}
pods() { jq -r '.pods[].name' <<<"$out" | sort | tr '\n' ' '; }

# --- directories and patterns
mkdir -p tree/a/b tree/.git
manifest one >tree/one.yaml
manifest two >tree/a/two.yml
manifest three >tree/a/b/three.yaml
echo 'not: ours' >tree/.git/x.yaml
ln -s .. tree/a/loop
run kp plan -o json tree
is "$status $(pods)" '0 one ' 'a directory is its own manifests'
run kp plan -o json -R tree
is "$status $(pods)" '0 one three two ' '-R: and those below it, once'
run kp plan -o json 'tree/a/*.yml' 'tree/o*'
is "$status $(pods)" '0 one two ' 'quoted patterns are matched'
run kp plan 'tree/*.none'
is "$status" 3 'a pattern without a match: exit code 3'
like "$err" 'no file matches tree/\*\.none' 'and it is named'
run bash -c "cat tree/one.yaml | '$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' plan -o json - tree/a/two.yml"
is "$status $(pods)" '0 one two ' 'standard input beside a file'

# --- several JSON texts in one file
for n in j1 j2; do
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},"spec":{"containers":[{"name":"c","image":"i:1"}]}}' $n
done >two.json
run kp plan -o json two.json
is "$status $(pods)" '0 j1 j2 ' 'JSON texts may follow each other'

# --- URLs
mkdir www
manifest web >www/web.yaml
pin=$(sha256sum www/web.yaml | cut -c1-64)
port=$(free_port)
bg busybox httpd -f -p "127.0.0.1:$port" -h www
base=http://127.0.0.1:$port
wait_for 5 try_tcp 127.0.0.1 "$port"
run kp plan -o json "$base/web.yaml"
is "$status $(pods)" '0 web ' 'a URL is fetched'
is "$(jq -r '.project + " " + .files[0]' <<<"$out")" "web $base/web.yaml" 'names the project, and the plan remembers it'
run kp plan -o json "$base/web.yaml#sha256=$pin" tree/one.yaml
is "$status $(pods)" '0 one web ' 'the text that is pinned, beside a file'
run kp plan -o json "http://user:secret@127.0.0.1:$port/web.yaml"
is "$status" 0 'a password may stand in a URL'
unlike "$out$err" secret 'and is shown nowhere'
wrong=${pin:1}0
run kp plan "$base/web.yaml#sha256=$wrong"
is "$status" 3 'another text than the pinned one: exit code 3'
like "$err" "$base/web.yaml: not what is pinned: its sha256 is $pin" 'the message has both'
run kp plan "$base/web.yaml#sha256=12"
is "$status" 2 'a pin that is none: exit code 2'
run kp plan "$base/none.yaml"
is "$status" 4 'what is not there: exit code 4'
like "$err" "$base/none.yaml: .*404" 'with the answer'
run kp plan "http://127.0.0.1:$(free_port)/x.yaml"
is "$status" 4 'nobody listens: exit code 4'
run timeout 30 "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" plan "https://127.0.0.1:$port/web.yaml"
is "$status" 4 'no TLS where https is meant: exit code 4'
printf 'kind: [\n' >www/bad.yaml
run kp plan "$base/bad.yaml"
is "$status" 3 'a wrong manifest from a URL: exit code 3'
like "$err" "^$base/bad.yaml:[0-9]+:[0-9]+: " 'its problems have the URL and a place'

# --- a project that was made from a URL
load busybox
cat >www/run.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: run}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "docker.io/library/busybox:1.35", imagePullPolicy: Never, command: [sleep, "1000"]}]
END
run kp up --quiet --network none "$base/run.yaml#sha256=$(sha256sum www/run.yaml | cut -c1-64)"
is "$status $out" '0 pod/run created' 'up takes a URL'
run kp down "$base/run.yaml"
is "$status $out" '0 pod/run deleted' 'and down finds the project by it'

# --- variables and settings
cat >vars.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: "${NAME:-web}"}
spec:
  terminationGracePeriodSeconds: ${GRACE}
  containers:
  - name: c
    image: nginx:${TAG:?say which}
    args: ['$HOME $${HOME}']
END
printf 'export TAG=1.22\nGRACE="7"\nNAME=file\n' >vars.env
run kp plan --env-subst vars.yaml
is "$status" 3 'a variable that is not set: exit code 3'
like "$err" '^vars.yaml:5:34: spec.terminationGracePeriodSeconds: variable "GRACE" is not set' 'its place and name'
like "$err" 'variable "TAG" is not set: say which' 'and the message of the manifest'
run env NAME=shell "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" plan -o json --env-file vars.env vars.yaml
is "$status $(pods)" '0 shell ' 'the environment counts before a file'
is "$(jq -r '.pods[0] | "\(.grace_seconds) \(.containers[0] | .image + " " + .args[0])"' <<<"$out")" \
	'7 nginx:1.22 $HOME ${HOME}' 'values are replaced and typed'
printf 'A\n' >badenv
run kp plan --env-file badenv vars.yaml
is "$status" 3 'a wrong file of variables: exit code 3'
like "$err" 'badenv:1: ' 'with its line'
run kp plan -o json --set 'spec.containers[0].image=busybox:1' --set 'Pod/one:metadata.labels.a\.b=c' tree/one.yaml
is "$status $(jq -r '.pods[0] | .containers[0].image + " " + .labels[0].key' <<<"$out")" '0 busybox:1 a.b' 'fields are set'
run kp plan --set spec.none.x=1 tree/one.yaml
is "$status" 3 'a setting without a place: exit code 3'
like "$err" '^--set spec.none.x=1: ' 'it is named'
run kp plan --set spec.none tree/one.yaml
is "$status" 2 'a setting that is none: exit code 2'
plan_done
