# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Builds OCI images from directories with nothing but tar, gzip, sha256sum and jq. Same files in, same digests out:
# names are sorted, times fixed, gzip writes no header time. Sourced by tests/kit/setup, which sets
#   WORK  scratch directory      OUT  where the finished layouts go      TAR_OWNER  --owner=0 --group=0 when not root
#
#   layer NAME DIR [gzip|zstd|none]      a layer from a directory (kept as $WORK/layers/NAME, shared by images)
#   image NAME REF CONFIG LAYER...       $OUT/NAME: an OCI layout with one manifest called REF
#   index NAME REF LAYOUT...             $OUT/NAME: an OCI layout with one index over the manifests of those layouts

EPOCH=1700000000
CREATED=2023-11-14T22:13:20Z
ARCH=$(dpkg --print-architecture)

# Same owner and time for everything below DIR; a layer that wants others sets them afterwards.
settle() {
	chown -hR 0:0 "$1"
	find "$1" -exec touch -h -d "@$EPOCH" {} +
}

# put DIR FILE...: copies of this machine's files at the same places below DIR, links followed.
put() {
	local dir=$1 f
	shift
	for f; do
		mkdir -p "$dir$(dirname "$f")"
		cp -L --preserve=mode "$f" "$dir$f"
	done
}

# libs DIR PROGRAM...: the shared objects that those programs are linked with, dynamic loader included.
libs() {
	local dir=$1
	shift
	# shellcheck disable=SC2046
	put "$dir" $(ldd "$@" | grep -o '/[^ ]*' | grep -v ':$' | sort -u)
}

sha() { sha256sum <"$1" | cut -d' ' -f1; }

layer() {
	local name=$1 dir=$2 how=${3:-gzip} f=$WORK/layers/$1 diff
	mkdir -p "$WORK/layers"
	# shellcheck disable=SC2086
	tar ${TAR_OWNER-} --sort=name --format=posix --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
		--numeric-owner --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' \
		-C "$dir" -cf "$f.tar" .
	diff=$(sha "$f.tar")
	case $how in
	gzip) gzip -n -6 <"$f.tar" >"$f" ;;
	zstd) zstd -q -T1 -3 <"$f.tar" >"$f" ;;
	none) cp "$f.tar" "$f" ;;
	esac
	rm "$f.tar"
	local type=application/vnd.oci.image.layer.v1.tar
	[ "$how" = none ] || type=$type+$how
	jq -cn --arg t "$type" --arg d "sha256:$(sha "$f")" --argjson s "$(stat -c %s "$f")" --arg u "sha256:$diff" \
		'{diff: $u, desc: {mediaType: $t, digest: $d, size: $s}}' >"$f.json"
}

# blob LAYOUT FILE TYPE: put the file into the layout, print its descriptor.
blob() {
	local d
	d=$(sha "$2")
	cp "$2" "$1/blobs/sha256/$d"
	jq -cn --arg t "$3" --arg d "sha256:$d" --argjson s "$(stat -c %s "$2")" '{mediaType: $t, digest: $d, size: $s}'
}

layout_begin() {
	rm -rf "$1"
	mkdir -p "$1/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
}

# layout_end TMP NAME REF DESCRIPTOR: the name's two common spellings, then visible by one rename.
layout_end() {
	jq -cn --arg r "$3" --argjson d "$4" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [$d + {annotations: {"io.containerd.image.name": $r, "org.opencontainers.image.ref.name": $r}}]}' \
		>"$1/index.json"
	rm -rf "${OUT:?}/$2"
	mv "$1" "$OUT/$2"
}

image() {
	local name=$1 ref=$2 config=$3 t=$WORK/$1.oci layers='[]' diffs='[]' l f arch=${IMAGE_ARCH:-$ARCH}
	shift 3
	layout_begin "$t"
	for l; do
		f=$WORK/layers/$l
		cp "$f" "$t/blobs/sha256/$(jq -r '.desc.digest[7:]' "$f.json")"
		layers=$(jq -c --slurpfile l "$f.json" '. + [$l[0].desc]' <<<"$layers")
		diffs=$(jq -c --slurpfile l "$f.json" '. + [$l[0].diff]' <<<"$diffs")
	done
	jq -cS --arg a "$arch" --arg c "$CREATED" --argjson d "$diffs" \
		'{created: $c, architecture: $a, os: "linux", config: ., rootfs: {type: "layers", diff_ids: $d},
		  history: [$d[] | {created: $c, created_by: "tests/images"}]}' <<<"$config" >"$WORK/config"
	jq -cn --argjson c "$(blob "$t" "$WORK/config" application/vnd.oci.image.config.v1+json)" --argjson l "$layers" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: $l}' \
		>"$WORK/manifest"
	layout_end "$t" "$name" "$ref" "$(blob "$t" "$WORK/manifest" application/vnd.oci.image.manifest.v1+json |
		jq -c --arg a "$arch" '. + {platform: {architecture: $a, os: "linux"}}')"
}

index() {
	local name=$1 ref=$2 t=$WORK/$1.oci all='[]' l d
	shift 2
	layout_begin "$t"
	for l; do
		cp "$OUT/$l"/blobs/sha256/* "$t/blobs/sha256/"
		d=$(jq -c '.manifests[0] | del(.annotations)' "$OUT/$l/index.json")
		all=$(jq -c --argjson d "$d" '. + [$d]' <<<"$all")
	done
	jq -cn --argjson m "$all" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: $m}' >"$WORK/index"
	layout_end "$t" "$name" "$ref" "$(blob "$t" "$WORK/index" application/vnd.oci.image.index.v1+json)"
}
