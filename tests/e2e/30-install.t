#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make install and uninstall, and what the programs are linked with.
# shellcheck disable=SC2317
# shellcheck source=tests/kit/lib.sh
. "$(dirname "$0")/../kit/lib.sh"

# What is built is what is installed: nothing is made anew here.
make_() { make -C "$TOP" --no-print-directory -o all B="build/$KP_VARIANT" VARIANT="$KP_VARIANT" DESTDIR="$T/d" PREFIX=/opt/kp "$@"; }
mkdir -p d/opt/kp/bin
touch d/opt/kp/bin/other
run make_ install
is "$status" 0 'make install DESTDIR= PREFIX='
is "$(cd d && find . -type f -printf '%m %p\n' | sort)" '644 ./opt/kp/bin/other
644 ./opt/kp/share/man/man1/kubeplay.1
644 ./opt/kp/share/man/man5/kubeplay.yaml.5
755 ./opt/kp/bin/kubeplay
755 ./opt/kp/libexec/kubeplay/kubeplay-image
755 ./opt/kp/libexec/kubeplay/kubeplay-net' 'installs three programs and the manual, and nothing else'
KUBEPLAY=$T/d/opt/kp/bin/kubeplay
load busybox
port=$(free_port)
cat >pod.yaml <<END
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: c, image: "busybox:1.35", command: [probe, peer, '80'], ports: [{containerPort: 80, hostPort: $port}]}
END
run kp up pod.yaml
is "$status" 0 'what is installed finds its helpers'
is "$(client "$TOP/build/kit/probe" connect 192.0.2.10 "$port")" open 'and works'
run kp down pod.yaml
is "$status" 0 'down'
run make_ uninstall
is "$status" 0 'make uninstall'
is "$(cd d && find . ! -type d)" './opt/kp/bin/other' 'takes away what it brought, and nothing else'
is "$(find d -name 'kubeplay*')" '' 'the directory of the helpers too'

# --- who may load which library (DESIGN: what parses replies of registries and packets shares no address space with Secrets)
built=$TOP/build/$KP_VARIANT
linked() { ldd "$built/$1" | sed -n 's/^[[:space:]]*\(lib[a-z0-9_+-]*\).*/\1/p' | grep -vE '^lib(asan|ubsan|m|gcc_s|stdc|dl|pthread|rt)' | sort | tr '\n' ' '; }
like "$(linked kubeplay)" 'libc libcyaml .*libyaml' 'kubeplay has its libraries'
unlike "$(linked kubeplay)" 'curl|archive|crypto|ssl|nftables|isal|zstd' 'and none of curl, archive, crypto, nftables'
is "$(linked kubeplay-net)" 'libc ' 'kubeplay-net has libc only'
like "$(linked kubeplay-image)" 'libarchive .*libcrypto .*libcurl' 'kubeplay-image has the others'
plan_done
