#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# app-initrd.sh OUT [FILE...]: write the initrd of the application kernels that
# the tests and the demo start: app-init.sh as init, a static busybox, pk. The
# files are put into /extra under their names.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift

# A shell that is busybox knows busybox as a builtin, without a place.
find_busybox()
{
	echo "$PATH:/bin" | tr ':' '\n' | while read -r dir; do
		[ ! -x "$dir/busybox" ] || echo "$dir/busybox"
	done | head -n 1
}

busybox=${PARKER_BUSYBOX:-$(find_busybox)}
if [ ! -x "$busybox" ]; then
	echo "a static busybox is needed"
	exit 1
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/bin" "$stage/dev" "$stage/proc" "$stage/sys" "$stage/extra"
cp "$busybox" "$stage/bin/busybox"
cp "${PARKER_PK:-$here/pk}" "$stage/bin/pk"
cp "$here/app-init.sh" "$stage/init"
chmod 755 "$stage/init" "$stage/bin/busybox" "$stage/bin/pk"
ln -s busybox "$stage/bin/sh"
# The kernel runs /sbin/poweroff.
ln -s bin "$stage/sbin"
for file; do
	cp "$file" "$stage/extra/"
done
(cd "$stage" && find . | "$busybox" cpio -o -H newc) >"$out" 2>"$stage.log" || {
	cat "$stage.log"
	rm -f "$stage.log"
	exit 1
}
rm -f "$stage.log"
