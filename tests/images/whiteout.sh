# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docker.io/library/whiteout:1: everything a layer can say. the e2e test of layers says what must come out.

d=$WORK/whiteout-1
mkdir -p "$d"/w/{opaque/sub,gone,kept,time,became-file}
echo removed >"$d/w/removed"
echo kept >"$d/w/kept/file"
echo hidden >"$d/w/opaque/old"
echo hidden >"$d/w/opaque/sub/old"
echo gone >"$d/w/gone/file"
echo first >"$d/w/replaced"
echo x >"$d/w/became-file/x"
echo y >"$d/w/became-dir"
echo linked >"$d/w/hard1"
ln "$d/w/hard1" "$d/w/hard2"
ln -s kept/file "$d/w/sym"
ln -s /w/kept "$d/w/symdir"
ln -s nowhere "$d/w/dangling"
mkfifo "$d/w/fifo"
echo own >"$d/w/own"
echo suid >"$d/w/suid"
echo sgid >"$d/w/sgid"
mkdir "$d/w/sticky" "$d/w/private"
echo cap >"$d/w/cap"
echo xattr >"$d/w/xattr"
echo time >"$d/w/time/file"
: >"$d/w/empty"
echo long >"$d/w/$(printf 'n%.0s' {1..200})"
printf 'odd' >"$d/w/odd name é"
settle "$d"
chown 1000:2000 "$d/w/own"
chown 65534:65534 "$d/w/private"
chmod 0700 "$d/w/private"
chmod 4755 "$d/w/suid"
chmod 2755 "$d/w/sgid"
chmod 1777 "$d/w/sticky"
chmod 0640 "$d/w/own"
setcap cap_net_bind_service=ep "$d/w/cap"
"$WORK/probe" setxattr "$d/w/xattr" user.note hello
touch -d @981173106.25 "$d/w/time/file"
touch -d @981173106 "$d/w/time"
layer whiteout-1 "$d"

d=$WORK/whiteout-2
mkdir -p "$d"/w/{opaque,became-dir}
: >"$d/w/.wh.removed"
: >"$d/w/.wh.gone"
: >"$d/w/opaque/.wh..wh..opq"
echo new >"$d/w/opaque/new"
echo second >"$d/w/replaced"
echo now >"$d/w/became-file"
echo now >"$d/w/became-dir/z"
settle "$d"
layer whiteout-2 "$d"

# The third layer brings back a name that the second took away.
d=$WORK/whiteout-3
mkdir -p "$d/w/gone"
echo back >"$d/w/gone/again"
settle "$d"
layer whiteout-3 "$d"

image whiteout docker.io/library/whiteout:1 '{"Env":["PATH=/bin"],"Cmd":["sh"]}' base tools whiteout-1 whiteout-2 whiteout-3
