# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docker.io/library/redis:7.0 from Debian's redis-server and redis-tools: user 999, /data is its volume.

d=$WORK/redis-libs
libs "$d" /usr/bin/redis-server /usr/bin/redis-cli
settle "$d"
layer redis-libs "$d"

d=$WORK/redis
put "$d" /usr/bin/redis-server /usr/bin/redis-cli
mkdir -p "$d/data"
settle "$d"
chown 999:999 "$d/data"
layer redis "$d"

image redis docker.io/library/redis:7.0 '{"User":"redis","Env":["PATH=/usr/bin:/bin"],"ExposedPorts":{"6379/tcp":{}},
	"WorkingDir":"/data","Volumes":{"/data":{}},"Entrypoint":["redis-server"],
	"Cmd":["--protected-mode","no","--save","","--appendonly","yes"]}' base tools redis-libs redis
