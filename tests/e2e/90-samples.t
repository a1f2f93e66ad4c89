#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# root: yes
# The samples as a set: enough of them, commented, strict, and fit for the images that the tests make. What each
# promises is tried by tests/kit/sample, one test for each file.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

n=0
for f in "$TOP"/samples/*.yaml; do
	name=${f##*/}
	n=$((n + 1))
	ok "$name begins with a comment that says what to try" grep -q '^# try: ' "$f"
	run kp plan "$f"
	is "$status" 0 "$name is valid under strict checking"
	is "$err" '' "$name: not even a warning"
	run kp plan -o json "$f"
	while read -r image; do
		ok "$name: there is a test image for $image" test -d "$IMAGES/$(sed 's/.*\///;s/:.*//' <<<"$image")"
	done < <(jq -r '.pods[] | (.init_containers // [])[], .containers[] | .image' <<<"$out" | sort -u)
	like "$(cat "$TOP/README.md")" "samples/$name" "$name is mentioned in the README"
done
ok "there are at least eight ($n)" test "$n" -ge 8

if [ "$KP_AS" = root ]; then
	load busybox
	run kp up "$TOP/samples/two-pods.yaml"
	is "$status" 0 'two-pods.yaml as root'
	ok 'the pods talk' wait_for 10 bash -c "'$KUBEPLAY' --root '$KP_ROOT' --runroot '$KP_RUNROOT' logs client | grep -q 42"
	run kp down "$TOP/samples/two-pods.yaml"
	is "$status" 0 'down'
fi
plan_done
