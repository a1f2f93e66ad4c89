# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docker.io/library/bigimage:1 (setup --bench only): four layers of 125 MB each, real files of this machine, so that
# they compress and weigh like an ordinary image. Stable as long as the machine's packages are.

n=0
size=0
d=
while IFS=' ' read -r bytes f; do
	if [ -z "$d" ] || [ "$size" -ge 125000000 ]; then
		[ "$n" -lt 4 ] || break
		n=$((n + 1))
		size=0
		d=$WORK/big-$n
		mkdir -p "$d"
	fi
	printf '%s\n' "$f" >>"$WORK/big-$n.list"
	size=$((size + bytes))
done < <(find /usr/share /usr/lib /usr/bin -xdev -type f -readable -size -40000k -printf '%s %p\n' | LC_ALL=C sort -k2)
for i in 1 2 3 4; do
	d=$WORK/big-$i
	tar --no-recursion -cf - -T "$WORK/big-$i.list" 2>/dev/null | tar -xf - -C "$d"
	find "$d" -perm /6000 -exec chmod ug-s {} +
	settle "$d"
	layer "big-$i" "$d"
	rm -rf "$d"
done
image bigimage docker.io/library/bigimage:1 '{"Env":["PATH=/usr/bin:/bin"],"Cmd":["true"]}' big-1 big-2 big-3 big-4
