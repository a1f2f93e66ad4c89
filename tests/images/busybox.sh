# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docker.io/library/busybox:1.35 (base layer of all others), and the same in other wrappings.

d=$WORK/busybox-base
mkdir -p "$d"/{bin,etc,dev,proc,sys,run,root,home/app,var/tmp,tmp,usr/bin,usr/sbin,sbin}
put "$d" /bin/busybox
for a in $(busybox --list | sort); do
	[ "$a" = busybox ] || ln "$d/bin/busybox" "$d/bin/$a"
done
ln -s ../../bin/env "$d/usr/bin/env"
cat >"$d/etc/passwd" <<-'END'
	root:x:0:0:root:/root:/bin/sh
	daemon:x:1:1:daemon:/:/bin/false
	www-data:x:33:33:www-data:/var/www:/bin/false
	redis:x:999:999:redis:/data:/bin/false
	app:x:1000:1000:app:/home/app:/bin/sh
	nobody:x:65534:65534:nobody:/:/bin/false
END
cat >"$d/etc/group" <<-'END'
	root:x:0:
	daemon:x:1:
	tty:x:5:
	www-data:x:33:
	audio:x:29:app
	redis:x:999:
	app:x:1000:
	extra:x:4000:app,www-data
	nogroup:x:65534:
END
echo 'passwd: files' >"$d/etc/nsswitch.conf"
settle "$d"
chown 1000:1000 "$d/home/app"
chmod 0700 "$d/root"
chmod 1777 "$d/tmp" "$d/var/tmp"
layer base "$d"

d=$WORK/busybox-tools
mkdir -p "$d/bin"
cp "$WORK/probe" "$d/bin/probe"
cp "$WORK/probe" "$d/bin/suid"
settle "$d"
chmod 4755 "$d/bin/suid"
layer tools "$d"
layer tools-zstd "$d" zstd
layer tools-plain "$d" none

config='{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["sh"]}'
image busybox docker.io/library/busybox:1.35 "$config" base tools
image busybox-zstd docker.io/library/busybox-zstd:1 "$config" base tools-zstd
image busybox-plain docker.io/library/busybox-plain:1 "$config" base tools-plain

# An image whose defaults all come from the image: user by name, directory, entrypoint, volume, signal, odd Env.
image defaults docker.io/library/defaults:1 "$(jq -c '. + {User: "app:extra", WorkingDir: "/home/app/work",
	Entrypoint: ["/bin/sh", "-c", "echo entry \"$0\" \"$@\"; id; pwd; exec probe term 7"], Cmd: ["one", "two words"],
	Env: (.Env + ["GREETING=hello", "EMPTY=", "SECRET_WITHOUT_VALUE"]), Volumes: {"/srv/data": {}},
	ExposedPorts: {"8080/tcp": {}}, StopSignal: "SIGUSR1", Labels: {"org.example.test": "yes"}}' <<<"$config")" base tools

# Two platforms under one name; the arm64 one differs by its config and must not be chosen here.
image multi-native docker.io/library/multi:1 "$(jq -c '.Env += ["PLATFORM=native"]' <<<"$config")" base tools
other=arm64
[ "$ARCH" != arm64 ] || other=amd64
IMAGE_ARCH=$other image multi-other docker.io/library/multi:1 "$(jq -c '.Env += ["PLATFORM=other"]' <<<"$config")" base
index multi docker.io/library/multi:1 multi-other multi-native
# ... and one that has nothing for this machine.
index foreign docker.io/library/foreign:1 multi-other
rm -rf "$OUT/multi-native" "$OUT/multi-other"

# The same image as one tar, and as docker save writes it.
tar --sort=name --format=posix --pax-option=delete=atime,delete=ctime --mtime="@$EPOCH" --owner=0 --group=0 \
	--numeric-owner -C "$OUT/busybox" -cf "$OUT/busybox-oci.tar" .
rm -f "$OUT/busybox-docker.tar"
skopeo copy -q "oci:$OUT/busybox" "docker-archive:$OUT/busybox-docker.tar:docker.io/library/busybox:1.35"
