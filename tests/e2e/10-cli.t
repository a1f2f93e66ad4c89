#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# shellcheck disable=SC2016
# The command line: help and manual, options, exit codes, and what the verbs print.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

verbs() { kp --help | sed -n '/^Run:/,/^Options/s/^  \([a-z]*\)  .*/\1/p'; }

# --- help, and the manual that must say the same
run kp --help
is "$status" 0 '--help succeeds'
like "$out" '^Usage: kubeplay ' 'and says how it is used'
is "$err" '' 'on standard output'
verbs=$(verbs)
for v in up down ps logs exec plan pull load images rmi port volume unshare version doctor info; do
	like " ${verbs//$'\n'/ } " " $v " "--help lists $v"
done
page=$TOP/docs/kubeplay.1
lacking=''
for v in $verbs; do
	run kp "$v" --help
	[ "$status" = 0 ] && [ -n "$out" ] || lacking+=" $v(help)"
	# The verb's part of the page: from its own line to that of the next one.
	part=$(awk -v v="$v" '/^\.It Cm / { on = $3 == v } /^\.S[sh]/ { on = 0 } on' "$page")
	[ -n "$part" ] || lacking+=" $v"
	while read -r o; do
		grep -qE "Fl -$o( |\$)" <<<"$part" || lacking+=" $v:--$o"
	done < <(sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' <<<"$out")
	while read -r o; do
		grep -qE "^\.It Fl $o( |\$)" <<<"$part" || lacking+=" $v:-$o"
	done < <(sed -nE 's/^ +-([A-Za-z]), .*/\1/p' <<<"$out")
done
is "$lacking" '' 'the manual has every verb and every option of its help'
run bash -c "grep -oE '^\.It Cm [a-z]+' '$page' | cut -d' ' -f3 | sort -u"
is "$out" "$(sort <<<"$verbs")" 'and no verb that does not exist'
said=$({
	kp --help
	for v in $verbs; do kp "$v" --help; done
} | grep -oE -- '--[a-z-]+' | sort -u)
extra=''
while read -r o; do
	grep -qxF -- "-$o" <<<"$said" || extra+=" -$o"
done < <(grep -oE 'Fl -[a-z-]+' "$page" | sed 's/Fl //' | sort -u)
is "$extra" '' 'and no option that does not exist'
if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint -W warning "$page" 2>&1)" '' 'it is clean mdoc'
else
	skip 1 'mandoc is not installed'
fi
missing=''
while IFS=: read -r doc f; do
	[ -e "$TOP/$f" ] || missing+=" $doc:$f"
done < <(cd "$TOP" && grep -oE '`(cmd|kube|net|pkg|tests|docs)/[A-Za-z0-9_./-]+`' README.md CONTRIBUTING.md docs/*.md |
	tr -d '`' | grep -v NAME | sort -u)
is "$missing" '' 'every file that the documents name exists'
run kp help logs
like "$out" '^Usage: kubeplay logs' 'help VERB is VERB --help'
run kp
is "$status" 2 'no verb is a usage error'
like "$err" '^Usage' 'answered by help, on standard error'

# --- options
run kp version
is "$out" "kubeplay $(cat "$TOP/VERSION")" 'version'
is "$("$KUBEPLAY" --version)" "$out" '--version says the same'
is "$(kp version -o json | jq -r .version)" "$(cat "$TOP/VERSION")" 'version -o json'
run kp lgos
is "$status" 2 'an unknown verb is 2'
like "$err" 'did you mean logs\?' 'with a suggestion'
run kp up --netwrok none
is "$status" 2 'an unknown option is 2'
like "$err" 'did you mean --network\?' 'with a suggestion'
run kp ps --output yaml
is "$status" 2 'a wrong word is 2'
like "$err" 'table, wide, name or json' 'and the right ones are named'
run kp up --timeout never x.yaml
like "$status $err" '^2 .*duration' 'a wrong duration'
run kp up --network nonsense x.yaml
like "$status $err" '^2 .*slirp4netns' 'a wrong network'
run kp pull
like "$status $err" '^2 .*usage: kubeplay pull' 'a missing argument'
run kp version too many
is "$status" 2 'an argument too many'
run kp -p ../evil ps
is "$status" 2 'a project name cannot be a path'
run "$KUBEPLAY" ps --root "$KP_ROOT" --runroot "$KP_RUNROOT"
is "$status" 0 'global options may stand behind the verb'
run bash -c "'$KUBEPLAY' version >/dev/full"
isnt "$status" 0 'a result that cannot be written is a failure'
like "$err" 'No space left' 'that is said'

# --- nothing there yet
run kp ps
is "$status,$out" '0,' 'ps of nothing'
run kp ps -o json
is "$(jq -c '[.apiVersion, .kind, (.items | length)]' <<<"$out")" '["v1","List",0]' 'as JSON'
run kp images
like "$out" '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$' 'images of nothing'
is "$(kp images -o json)" '[]' 'as JSON'
run kp logs
is "$status" 1 'logs of nothing is 1'
run kp exec web -- true
is "$status" 125 'exec in nothing is 125'
like "$err" 'no pod "web"' 'and says so'
run kp down
is "$status" 1 'down of nothing, when nothing is named, is 1'
run kp down never-was
is "$status" 0 'down of what was never there is fine'
run kp volume ls
like "$status $out" '^0 NAMESPACE' 'volume ls of nothing'
run kp volume rm nothing
is "$status" 1 'volume rm of nothing is 1'
run kp volume rm ../../etc
is "$status" 2 'volume rm takes no path'

# --- the machine
run kp doctor
is "$status" 0 'doctor finds this machine ready'
like "$out" 'ok +user namespaces' 'with a line for each prerequisite'
unlike "$out" '(^|
)fail' 'and nothing that fails'
is "$(kp doctor -o json | jq -r '.[] | select(.name == "user namespaces").status')" ok 'doctor -o json'
run bash -c "PATH=/nonexistent:\$PATH '$KUBEPLAY' --root /proc/nonsense --runroot '$KP_RUNROOT' doctor"
is "$status" 5 'a directory that cannot be made is 5'
run kp info
like "$out" "root +$KP_ROOT" 'info names the directories'
run kp unshare id -u
is "$status $out" '0 0' 'unshare: root in there'
run kp unshare sh -c 'exit 9'
is "$status" 9 'unshare gives the exit code'
run kp unshare sh -c 'touch f && chown 1000 f && stat -c %u f && rm f'
is "$out" 1000 'sub-ids are mapped in there'
run kp unshare no-such-command
is "$status" 127 'a command that does not exist is 127'

# --- manifests
mkdir m && cd m || exit 1
run kp plan
is "$status" 2 'no manifest here is 2'
pod() { # NAME COMMAND
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n' "$1"
	printf '  - {name: main, image: "busybox:1.35", command: [sh, -c, %s]}\n' "'$2'"
}
pod one 'echo said; exec sleep 1000' >one.yaml
run kp plan
like "$status $out" '^0 project one: 1 pod' 'the only manifest here is taken'
pod two 'exec sleep 1000' >two.yaml
run kp plan
is "$status" 2 'of two none is chosen'
cp two.yaml pod.yaml
run kp plan
like "$out" '^project pod' 'but pod.yaml is preferred'
rm pod.yaml two.yaml
run bash -c "'$KUBEPLAY' plan - <one.yaml"
like "$out" '^project stdin: 1 pod' '- is standard input'
is "$(kp plan -o json one.yaml | jq -r '.pods[0].name')" one 'plan -o json'
run kp plan absent.yaml
like "$status $err" '^3 .*absent.yaml' 'a file that is not there is 3'
sed 's/image:/imgae:/' one.yaml >typo.yaml
run kp up typo.yaml
is "$status" 3 'a typo is 3'
like "$err" 'typo.yaml:[0-9]+:[0-9]+: .*imgae' 'with file, line, column'
like "$err" 'error.*nothing was created' 'and a summary'
is "$(kp ps -o name)" '' 'nothing was created'
rm typo.yaml

# --- a project
load busybox
like "$(kp images)" 'docker.io/library/busybox +1.35 +[0-9a-f]{12} ' 'load, then images'
like "$(kp images -q)" '^[0-9a-f]{12}$' 'images -q'
run kp up --network none one.yaml
is "$status $out" '0 pod/one created' 'up says what it did'
run kp up --network none one.yaml
is "$status $out" '0 pod/one unchanged' 'and that nothing changed'
run kp ps
like "$out" '^NAME +READY +STATUS +RESTARTS +AGE +IP +PORTS' 'ps: headings'
like "$out" 'one +1/1 +Running +0 +[0-9]+s ' 'and a line'
unlike "$out" '[[:blank:]]($|
)' 'without trailing blanks'
is "$(kp ps -o name)" pod/one 'ps -o name'
like "$(kp ps -A)" '^PROJECT +NAME' 'ps -A has the project'
like "$(kp ps -c --no-headers)" '^one +main +app +true +Running' 'ps -c'
is "$(kp ps -o json | jq -r '.items[0] | [.apiVersion, .kind, .metadata.name, .spec.containers[0].name, .status.phase,
	.status.qosClass, .status.containerStatuses[0].state.running.startedAt[-1:]] | join(" ")')" \
	'v1 Pod one main Running BestEffort Z' 'ps -o json is the object with its status'
run kp ps onw
like "$status $err" '^1 .*did you mean one' 'ps of an unknown pod'
run kp logs one
is "$status $out" '0 said' 'logs'
run kp logs one/main --tail 0
is "$out" '' 'logs --tail 0'
run kp logs --prefix one
is "$out" '[pod/one/main] said' 'logs --prefix'
run kp logs --since 1h -t one
like "$out" '^20[0-9T:.-]+Z said$' 'logs --since, -t'
run kp logs --since 2100-01-01T00:00:00Z one
is "$out" '' 'logs --since a time to come'
run kp logs -p one
like "$status $err" '^1 .*no earlier run' 'logs -p without a restart'
run kp logs one/nope
like "$status $err" '^1 .*but main' 'logs of an unknown container'
run kp exec one -- sh -c 'exit 42'
is "$status" 42 'exec: the exit code'
run kp exec one sh -c 'echo "$1"' - -x
is "$out" -x 'the command keeps its options without --, too'
run kp exec -c nope one -- true
is "$status" 125 'exec in an unknown container is 125'
run kp rmi busybox:1.35
isnt "$status" 0 'an image in use is not removed'
mkdir ../elsewhere && pod three 'exec sleep 1000' >../elsewhere/one.yaml
run kp up --network none ../elsewhere/one.yaml
is "$status" 2 'another file of the same name is not the same project'
like "$err" 'm/one.yaml.*elsewhere/one.yaml' 'both are named'
like "$err" '-p NAME' 'and the way out'
run kp down ../elsewhere/one.yaml
isnt "$status" 0 'nor does down take it for that'
is "$(kp ps -o name)" pod/one 'the pod still runs'

# --- logs -f ends with the pod; down by file, here
kp logs -f one >followed &
follower=$!
wait_for 5 grep -q said followed
run kp down
is "$status $out" '0 pod/one deleted' 'down without arguments, in the directory of the manifest'
ok 'logs -f ends with the pod' wait_for 10 bash -c "! kill -0 $follower"
wait "$follower"

# --- up --follow
pod follow 'echo begin; trap "echo asked to end; exit 0" TERM; while :; do sleep 0.1; done' >one.yaml
"$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" up --network none -f one.yaml >followed 2>&1 &
follower=$!
ok 'up --follow shows the logs' wait_for 10 grep -q '^\[pod/follow/main\] begin' followed
kill -TERM "$follower"
wait "$follower"
is "$?" 0 'ended by a signal'
like "$(cat followed)" 'pod/follow deleted' 'it takes the project down'
is "$(kp ps -o name)" '' 'nothing runs'

# --- a workload that fails
pod bad 'exec sleep 1000' >one.yaml
cat >>one.yaml <<'END'
  restartPolicy: Never
  initContainers:
  - {name: prepare, image: "busybox:1.35", command: [sh, -c, 'echo oops; exit 3']}
END
run kp up --network none one.yaml
is "$status" 1 'a pod that fails is 1'
is "$(kp logs bad/prepare)" oops 'and stays for a look'
like "$(kp ps --no-headers)" '^bad +0/1 +Init:Error ' "its status is kubectl's word"
is "$(kp ps -o json | jq -c '.items[0].status | [.phase, .initContainerStatuses[0].state.terminated.exitCode]')" \
	'["Failed",3]' 'and JSON has the exit code'
run kp down one.yaml
run kp down one.yaml
is "$status" 0 'down twice'
run kp rmi busybox:1.35
is "$status" 0 'an image that is not in use is removed'
is "$(kp images -q)" '' 'and gone'
plan_done
