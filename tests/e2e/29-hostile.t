#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 180
# Images and containers that attack kubeplay itself: its program, its descriptors, its paths. The programs here belong
# to the user, as after a build in a home directory, so that only kubeplay can protect them.
# shellcheck disable=SC2016,SC2317
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

mkdir bin
cp "$(dirname "$KUBEPLAY")"/kubeplay{,-image,-net} bin/
KUBEPLAY=$T/bin/kubeplay
before=$(sha256sum bin/*)
unchanged() { [ "$(sha256sum bin/*)" = "$before" ]; }
load busybox

# --- an image whose entry point is kubeplay itself, by its own /proc, with a library that writes to what runs it
cat >evil.c <<'END'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void evil(void)
{
	char path[64];
	int fd = open("/proc/self/exe", O_PATH);

	signal(SIGTERM, SIG_IGN);
	dprintf(1, "loaded\n");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (;;) {
		int w = open(path, O_WRONLY);

		if (w >= 0 && write(w, "#!/bin/false\n", 13) > 0)
			dprintf(1, "overwritten\n");
		close(w);
	}
}
END
export WORK=$T/work OUT=$T TAR_OWNER='--owner=0 --group=0'
mkdir -p work/root/bin work/root/tmp
# shellcheck source=tests/images/lib.sh
. "$TOP/tests/images/lib.sh"
libs "$PWD/work/root" "$KUBEPLAY"
cc -D_GNU_SOURCE -shared -fPIC -O1 -o work/root/evil.so evil.c || bail 'no compiler'
printf '#!/proc/self/exe\n' >work/root/bin/entry
chmod 0755 work/root/bin/entry
layer hostile "$T/work/root"
image hostile docker.io/library/hostile:1 '{"Env":["PATH=/bin","LD_PRELOAD=/evil.so","ASAN_OPTIONS=verify_asan_link_order=0","HOME","SECRET_X"],
	"Entrypoint":["/bin/entry"],"WorkingDir":"/"}' hostile
ok 'the hostile image loads' kp load "$T/hostile"
cat >self.yaml <<-'END'
	apiVersion: v1
	kind: Pod
	metadata: {name: self}
	spec:
	  terminationGracePeriodSeconds: 1
	  restartPolicy: Never
	  containers:
	  - {name: a, image: "hostile:1", imagePullPolicy: Never}
	  - {name: b, image: "hostile:1", imagePullPolicy: Never}
END
for round in 1 2 3 4 5 6; do
	kp up --network none self.yaml >/dev/null 2>&1
	[ "$round" != 1 ] || ok '(kubeplay does run in there, with the library)' wait_for 5 bash -c \
		"'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' logs self/a | grep -qx loaded"
	# Also while the supervisor, whose running program nobody may write to, is being killed.
	if [ $((round % 2)) = 0 ]; then
		s=$(awk '/^NSpid:/ && NF == 3 && $3 == 1 { print $2 }' /proc/[0-9]*/status 2>/dev/null)
		[ -n "$s" ] && kill -KILL "$s"
	fi
	kp down self.yaml >/dev/null 2>&1
	ok "an entry point of /proc/self/exe leaves kubeplay as it was ($round)" unchanged
done

# --- a container that lies in wait for what `exec` puts into it
cat >wait.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: wait}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox:1.35
    command: [sh, -c, 'echo waiting; while :; do for p in /proc/[0-9]*; do
      readlink $p/exe | grep kubeplay; ls -l $p/fd 2>/dev/null | grep "[0-9] -> /[a-z]*/.*kp"; echo x 2>/dev/null >>$p/exe; done; done']
END
run kp up --network none wait.yaml
is "$status" 0 'a container that opens each /proc/PID/exe for writing'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do kp exec wait -- true || echo failed; done 2>&1 | cat >exec.out
is "$(cat exec.out)" '' 'exec works in there'
ok 'kubeplay is as it was' unchanged
is "$(kp logs wait)" waiting 'and neither it nor a file of the host was ever seen'
kp down wait.yaml >/dev/null 2>&1

# --- descriptors as working directory, odd environment
export SECRET_X=leaked SECRET_WITHOUT_VALUE=leaked EMPTY=leaked
load defaults
{
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: fds}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n  containers:\n'
	for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 20 30; do
		printf '  - {name: c%s, image: "busybox:1.35", workingDir: /proc/self/fd/%s, command: [sh, -c, "pwd -P; ls -a; ls -la ../../.. 2>&1"]}\n' "$n" "$n"
	done
} >fds.yaml
run kp up --network none --timeout 20 fds.yaml
is "$status" 1 'a working directory that is a descriptor is refused'
like "$err" 'working directory|workingDir' 'by name'
wait_for 10 bash -c "! '$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' ps -c --no-headers | grep -q Running"
is "$(for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 20 30; do kp logs "fds/c$n" 2>/dev/null; done)" '' 'and nothing ran in one'
kp down fds.yaml >/dev/null 2>&1
cat >env.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: env}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: c, image: "defaults:1", imagePullPolicy: Never}
END
run kp up --network none env.yaml
is "$status" 0 'an image with a variable that has no value'
unlike "$(kp exec env -- cat /proc/1/environ | tr '\0' '\n')" 'leaked' 'takes none from the environment of kubeplay'
kp down env.yaml >/dev/null 2>&1

# --- a volume whose directories turn into links while another container mounts below them
mkdir secret
echo canary >secret/canary
cat >race.yaml <<END
apiVersion: v1
kind: Pod
metadata: {name: race}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: flip
    image: busybox:1.35
    command: [sh, -c, 'cd /v; while :; do mkdir mnt; rmdir mnt; ln -s / mnt; rm mnt; ln -s ../../../../../.. mnt; rm mnt; done 2>/dev/null']
    volumeMounts: [{name: v, mountPath: /v}]
  - name: victim
    image: busybox:1.35
    command: [sh, -c, 'ls /; ls /v/mnt; find / -xdev -name canary; sleep 0.02; exit 1']
    volumeMounts:
    - {name: v, mountPath: /v}
    - {name: e, mountPath: /v/mnt/$(basename "$T")/x}
  volumes:
  - {name: v, emptyDir: {}}
  - {name: e, emptyDir: {}}
END
rounds=20
: >race.logs
[ -z "${KP_SOAK-}" ] || rounds=200
for ((i = 0; i < rounds; i++)); do
	kp up --network none --timeout 5 race.yaml >race.out 2>&1
	kp logs race/victim >>race.logs 2>&1
	kp down race.yaml --grace 0 >/dev/null 2>&1
done
ok '(and it did start)' grep -qx proc race.logs
unlike "$(cat race.logs)" 'canary|vmlinuz|boot' "a mount point that is swapped for a link shows nothing of the host ($rounds times)"
is "$(cat secret/canary; ls secret)" $'canary\ncanary' 'and changes nothing there'
ok 'kubeplay is as it was after all that' unchanged
plan_done
