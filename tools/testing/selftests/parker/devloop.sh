#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs each kernel that comes on a disk in the partition 'dev', in place of the one
# before, and says how long each step took. The disk begins with a line: a number that
# is new for a new kernel, and the kernel's bytes, or "end"; the kernel is at 1 MiB.
#
# devloop.sh SERIAL   the disk with this serial number

set -u
PATH=$(cd "$(dirname "$0")" && pwd):$PATH
dev=/sys/kernel/parker/dev
seen=0

fail()
{
	echo "devloop: $seen failed: $*: $(cat $dev/last_error)"
	tail -n 15 $dev/console
}

# Since what, in milliseconds
now()
{
	awk '{ printf "%.0f\n", $1 * 1000 }' /proc/uptime
}

# step NAME COMMAND...: one line with its time
step()
{
	local name="$1" from

	from=$(now)
	shift
	"$@" || { fail "$name"; return 1; }
	echo "devloop: $seen $name $(($(now) - from)) ms"
}

get()
{
	dd if="$disk" of=/tmp/dev.new bs=1M skip=1 count=$(($1 / 1048576 + 1)) iflag=direct \
		2>/dev/null && truncate -s "$1" /tmp/dev.new && mv /tmp/dev.new /tmp/dev.bzImage
}

end_old()
{
	case $(cat $dev/state) in
	booting|running|stopping) echo kill >$dev/state ;;
	esac
}

load_new()
{
	kexec --parker=dev --load /tmp/dev.bzImage --initrd=/boot/initrd \
		--command-line=parker.app=idle
}

start_new()
{
	kexec --parker=dev --exec && pk poll $dev/state 120 running crashed stopped >/dev/null &&
		[ "$(cat $dev/state)" = running ] && pk poll -c $dev/console 120 "app: ready"
}

# round BYTES
round()
{
	from=$(now)
	step fetch get "$1" && step kill end_old && step load load_new || return
	before=$(($(now) - from))
	step boot start_new || return
	grep "Linux version\|Brought up\|app: [^hr]\|app: rel\|app: ready" $dev/console
	echo "devloop: $seen done, $before ms and the kernel's own boot"
}

for serial in /sys/block/*/serial; do
	[ "$(cat "$serial")" != "$1" ] || disk=/dev/$(basename "$(dirname "$serial")")
done
echo "dev cpus=${DEVLOOP_CPUS:-4-7} memory=${DEVLOOP_MEMORY:-512M}" \
	>/sys/kernel/parker/create || exit
while :; do
	# shellcheck disable=SC2046
	set -- $(dd if="$disk" bs=4096 count=1 iflag=direct 2>/dev/null | head -n 1)
	if [ "${1:-0}" = $seen ]; then
		sleep 0.2
		continue
	fi
	seen=$1
	[ "$2" != end ] || break
	round "$2"
done
end_old
rmdir $dev
