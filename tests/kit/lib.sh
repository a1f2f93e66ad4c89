# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests/e2e/*.t:   #!/bin/bash
#                      # SPDX-License-Identifier: Apache-2.0
#                      # root: yes          (also as root)   # serial   # timeout: 300   (all optional, in the head)
#                      . "$(dirname "$0")/../kit/lib.sh"
#                      run kp up pod.yaml
#                      is "$status" 0 'up succeeds'
#                      plan_done
#
# The file then runs inside tests/kit/enter (which see) as $KP_AS (user or root), in the directory $T, alone in its pid
# and net namespaces. Nothing needs to be cleaned up; a process that is left behind fails the test.
#
# results    pass DESC | fail DESC | skip N REASON | diag TEXT... | plan_done | bail TEXT
# checks     ok DESC CMD... (succeeds)   not_ok DESC CMD... (fails)   is GOT WANT DESC   isnt GOT UNWANTED DESC
#            like GOT ERE DESC   unlike GOT ERE DESC
# running    run CMD... sets $status $out $err    kp ARG... kubeplay with this test's --root and --runroot
#            bg CMD... starts it, its pid in $bg_pid, ended at exit    wait_for SECONDS CMD...    client CMD... (as
#            a host with address 192.0.2.1, also 198.51.100.9)   free_port   try_tcp HOST PORT   ms (a clock)
# places     $T (scratch, cwd) $KP_ROOT $KP_RUNROOT $XDG_RUNTIME_DIR $HOME $TOP (repository) $IMAGES $KUBEPLAY $KIT
# leaks      snapshot FILE    snapshot_diff BEFORE AFTER [IGNORED-ERE]: 0 when nothing is left, else prints what is
# registry   registry_start [ARG...] sets $REGISTRY to 127.0.0.1:PORT; badreg_start [ARG...] sets $BADREG
#            load NAME... loads build/images/NAME

if [ -z "${KP_INSIDE-}" ]; then
	exec "$(dirname "${BASH_SOURCE[0]}")/enter" "${KP_AS:-user}" "$(realpath "$0")" "$@"
fi

set -u
TOP=$KP_TOP
KIT=$TOP/tests/kit
IMAGES=$TOP/build/images
: "${KUBEPLAY:=$TOP/build/${KP_VARIANT:-release}/kubeplay}"
KP_ROOT=$KP_TMP/root
KP_RUNROOT=$KP_TMP/run
T=$KP_TMP/t
export TOP KIT IMAGES KUBEPLAY KP_ROOT KP_RUNROOT T
cd "$T" || exit 96

tap_n=0
tap_bad=0
tap_done=no
bg_pids=()

kit_exit() {
	local rc=$? p
	for p in "${bg_pids[@]}"; do
		kill "$p" 2>/dev/null
	done
	for p in "${bg_pids[@]}"; do
		wait "$p" 2>/dev/null
	done
	if [ "$tap_done" = no ]; then
		echo "# the test ended before plan_done (exit code $rc)"
		[ "$rc" != 0 ] || rc=95
	fi
	exit "$rc"
}
trap kit_exit EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# --- results ----------------------------------------------------------------------------------------------------
diag() { printf '%s\n' "$@" | sed 's/^/# /'; }

pass() {
	tap_n=$((tap_n + 1))
	printf 'ok %d - %s\n' "$tap_n" "$1"
}

fail() {
	tap_n=$((tap_n + 1))
	tap_bad=$((tap_bad + 1))
	printf 'not ok %d - %s\n' "$tap_n" "$1"
	diag "at ${BASH_SOURCE[-1]##*/} line ${BASH_LINENO[-2]}"
}

skip() {
	local i
	for ((i = 0; i < $1; i++)); do
		tap_n=$((tap_n + 1))
		printf 'ok %d # SKIP %s\n' "$tap_n" "$2"
	done
}

plan_done() {
	tap_done=yes
	printf '1..%d\n' "$tap_n"
	[ "$tap_bad" = 0 ] || exit 1
	exit 0
}

bail() {
	printf 'Bail out! %s\n' "$*"
	tap_done=yes
	exit 1
}

# --- checks -----------------------------------------------------------------------------------------------------
ok() {
	local desc=$1 text rc=0
	shift
	text=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then
		pass "$desc"
	else
		fail "$desc"
		diag "exit code $rc: $*" "$text"
	fi
}

not_ok() {
	local desc=$1 text
	shift
	if text=$("$@" 2>&1); then
		fail "$desc"
		diag "succeeded: $*" "$text"
	else
		pass "$desc"
	fi
}

is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got:  $1" "want: $2"
		kit_context
	fi
}

isnt() {
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got what it must not be: $1"
	fi
}

like() {
	if [[ $1 =~ $2 ]]; then
		pass "$3"
	else
		fail "$3"
		diag "got:  $1" "want: $2 (pattern)"
		kit_context
	fi
}

unlike() {
	if [[ $1 =~ $2 ]]; then
		fail "$3"
		diag "got:      $1" "unwanted: $2 (pattern)"
	else
		pass "$3"
	fi
}

# What the last `run` said, when a comparison with one of its results fails.
kit_context() {
	[ -z "${run_what-}" ] || diag "last run: $run_what" "exit code $status" "stdout: ${out:0:2000}" "stderr: ${err:0:4000}"
}

# --- running ----------------------------------------------------------------------------------------------------
status=0 out='' err=''

# stdin is the caller's; trailing newlines are dropped from $out and $err.
run() {
	run_what="$*"
	status=0
	"$@" >"$KP_TMP/t/.out" 2>"$KP_TMP/t/.err" || status=$?
	out=$(tr -d '\0' <"$KP_TMP/t/.out")
	err=$(tr -d '\0' <"$KP_TMP/t/.err")
	[ -z "${KP_VERBOSE-}" ] || diag "run $run_what: $status" "$out" "$err"
}

kp() { "$KUBEPLAY" --root "$KP_ROOT" --runroot "$KP_RUNROOT" "$@"; }

# In a process group of its own and with SIGINT as it should be (a plain & ignores it).
bg() {
	set -m
	"$@" &
	bg_pid=$!
	set +m
	bg_pids+=("$bg_pid")
}

ms() { echo "$((${EPOCHREALTIME/./} / 1000))"; }

wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# The network namespace is the test's own, so what does not listen now will not do so before the test uses it.
free_port() {
	local p
	while :; do
		p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		grep -qi ":$(printf %04X "$p") " /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null || break
	done
	echo "$p"
}

try_tcp() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

client() {
	if [ "$KP_AS" = root ]; then
		nsenter -t "$KP_CLIENT" -n -- "$@"
	else
		nsenter -t "$KP_CLIENT" -U -n --preserve-credentials -- "$@"
	fi
}

# --- registry ---------------------------------------------------------------------------------------------------
registry_start() {
	local port
	port=$("$KIT/registry" start "$KP_TMP/t/.registry" 0 "$@") || bail "registry: cannot start"
	bg_pids+=("$(cat "$KP_TMP/t/.registry/pid")")
	REGISTRY=127.0.0.1:$port
	export REGISTRY
}

registry_stop() { "$KIT/registry" stop "$KP_TMP/t/.registry"; }

# Needs registry_start first. Requests are logged in $T/.badreg.log, a line each: METHOD PATH STATUS AUTH.
badreg_start() {
	rm -f "$T/.badreg.port"
	"$TOP/build/kit/badreg" -u "${REGISTRY##*:}" -l "$T/.badreg.log" "$@" >"$T/.badreg.port" &
	bg_pids+=("$!")
	wait_for 5 test -s "$T/.badreg.port" || bail "badreg: cannot start"
	BADREG=127.0.0.1:$(cat "$T/.badreg.port")
	export BADREG
}

load() {
	local i
	for i; do
		kp load "$IMAGES/$i" >"$T/.load" 2>&1 || bail "load $i: $(cat "$T/.load")"
	done
}

# --- leaks ------------------------------------------------------------------------------------------------------
# A line for each process, mount, network namespace, cgroup, Unix socket, listener and file of this test.
# shellcheck disable=SC2094
snapshot() {
	local p line stat pids=() sock
	# Without a fork, so that the list does not hold its own makers.
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		{ read -r stat <"/proc/$p/stat"; } 2>/dev/null || continue
		case ${stat##*) } in
		[ZX]*) ;;
		*)
			stat=${stat%)*}
			pids+=("process $p ${stat#*(}")
			;;
		esac
	done
	{
		printf '%s\n' "${pids[@]}"
		while read -r _ _ _ root point _; do
			echo "mount $point ($root)"
		done </proc/self/mountinfo
		# By process and by descriptor; those that are mounted are in the list of mounts.
		find /proc/[0-9]*/ns/net /proc/[0-9]*/fd -lname 'net:\[*' -printf '%l\n' 2>/dev/null | sort -u | sed 's/^/netns /'
		find "$KP_CGROUP" -mindepth 1 -type d -printf 'cgroup %p\n' 2>/dev/null
		while read -r _ _ _ _ _ _ _ sock; do
			[ -z "$sock" ] || echo "unix socket $sock"
		done < <(tail -n +2 /proc/net/unix)
		for p in tcp tcp6 udp udp6; do
			while read -r _ line _ stat _; do
				[ "$stat" != 0A ] && [ "${p%6}" = tcp ] || echo "listener $p $line"
			done < <(tail -n +2 "/proc/net/$p" 2>/dev/null)
		done
		find "$KP_ROOT" "$KP_RUNROOT" "$XDG_RUNTIME_DIR" "$HOME" /dev/shm -printf 'file %y %M %U:%G %p\n' 2>&1 |
			sed 's/^find: /file unreadable /'
	} | LC_ALL=C sort -u >"$1.new"
	mv "$1.new" "$1"
}

# Only what is new counts; what has gone is none of a leak.
snapshot_diff() {
	local left
	left=$(LC_ALL=C comm -13 "$1" "$2" | grep -Ev -- "${3:-^$}" || :)
	[ -n "$left" ] || return 0
	printf '%s\n' "$left"
	return 1
}
