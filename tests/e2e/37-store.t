#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# The store's verbs: what is shared, names, removal.
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

pod() { # NAME IMAGE
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  terminationGracePeriodSeconds: 1\n' "$1"
	printf '  containers: [{name: c, image: "%s", command: [sleep, "1000"]}]\n' "$2"
}

# --- nothing was ever pulled
is "$(kp images)" 'REPOSITORY   TAG   IMAGE ID   CREATED   SIZE' 'images of no store'
run kp tag busybox:1.35 app
like "$status $err" '^1 .*no image busybox:1.35' 'tag without a store'
run kp rmi busybox:1.35
is "$status" 1 'rmi without a store'

# --- looking
load busybox whiteout
run kp images -o wide --digests
like "$out" 'REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE +SHARED +UNIQUE +ARCH' 'images -o wide --digests: the columns'
like "$out" 'library/busybox +1.35 +sha256:[0-9a-f]{64} +[0-9a-f]{12} .* amd64' 'and the digest'
is "$(kp images -o json | jq -c 'map(.size == .sharedSize + .uniqueSize and .size > 0) | unique')" '[true]' 'sizes add up'
is "$(kp images --filter reference='busy*' -q | wc -l)" 1 '--filter reference'
is "$(kp images --filter reference='library/busybox:*' --filter dangling=false -q | wc -l)" 1 'two filters'
is "$(kp images --filter dangling=true -q)" '' 'no image is without a name'
run kp images --filter color=red
like "$status $err" '^2 .*color=red' 'an unknown filter is refused'
run kp image inspect busybox:1.35
is "$(jq -c '.[0] | [.Os, (.Id | length), .RepoTags, (.RootFS.Layers | length > 0), (.Config | type)]' <<<"$out")" \
	'["linux",64,["docker.io/library/busybox:1.35"],true,"object"]' 'image inspect has the usual keys'
run kp image inspect busybox:1.36
like "$status $err" '^1 .*no image busybox:1.36' 'image inspect of what is not here'
run kp image open busybox:1.35
like "$status $err" '^2 .*image open.*there is inspect' 'image has no other verb'
is "$(kp history -o json whiteout:1 | jq 'map(select(.layer)) | length')" \
	"$(kp image inspect whiteout:1 | jq '.[0].RootFS.Layers | length')" 'history has every layer'
like "$(kp history whiteout:1)" '^LAYER +CREATED +SIZE +CREATED BY +COMMENT' 'history as a table'

# --- names
run kp tag busybox:1.35 localhost/mine:1 other
is "$out" $'localhost/mine:1\ndocker.io/library/other:latest' 'tag says the names in full'
is "$(kp images -q | sort -u | wc -l)" 2 'they are no further images'
digest=$(kp image inspect mine:1 | jq -r '.[0].Digest')
id=$(kp image inspect mine:1 | jq -r '.[0].Id')
is "$(kp image inspect "$digest" "${id:0:8}" | jq -r '.[].Id' | sort -u)" "$id" 'found by digest and by the beginning of the id'
run kp tag busybox:1.35 'x@sha256:1'
is "$status" 2 'a digest is no name to give'
run kp rmi other
is "$out" 'untagged docker.io/library/other:latest' 'rmi of one name'
run kp rmi "${id:0:8}"
like "$status $err" '^2 .*has 2 names' 'an id with several names is refused'

# --- in use
pod one busybox:1.35 >one.yaml
ok 'a project runs' kp up -q --network none one.yaml
run kp rmi localhost/mine:1 busybox:1.35 whiteout:1 nothing
is "$status" 1 'rmi of several, of which one is in use and one is not here'
like "$err" 'image busybox:1.35 is in use by project one \(pod one\)' 'the project is named'
like "$err" 'no image nothing' 'and so is the other'
like "$out" 'untagged docker.io/library/whiteout:1.*removed sha256:' 'the others are gone'
run kp rmi --force "${id:0:8}" nothing
is "$status $out" '0 untagged docker.io/library/busybox:1.35' '--force takes the name away'
is "$(kp images --filter dangling=true -q)" "${id:0:12}" 'the image is still here'
ok 'and the container lives on' kp exec one true
ok 'down' kp down one
run kp rmi "$id"
is "$status $out" "0 removed sha256:$id" 'then it can go'
plan_done
