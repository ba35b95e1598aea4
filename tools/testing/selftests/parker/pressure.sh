#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory that is full of page cache and tmpfs can still be had, as these pages
# move; none of them is lost.
#
# PARKER_DISK  block device to read for page cache (default: the first one)

. "$(dirname "$0")/lib.sh"

WANT=${PARKER_PRESSURE:-512}

meminfo()
{
	awk -v key="$1:" '$1 == key { print int($2 / 1024) }' /proc/meminfo
}

first_disk()
{
	for disk in "${PARKER_DISK:-}" /dev/nvme0n1 /dev/vda /dev/sda; do
		[ -b "$disk" ] && echo "$disk" && return
	done
}

# All but what is wanted, what moves along, and a reserve.
fill_tmpfs()
{
	local nr=0 left

	mkdir "$TMP/fill" && mount -t tmpfs -o size=100% none "$TMP/fill" || return
	dd if=/dev/urandom of="$TMP/fill/seed" bs=1M count=16 2>/dev/null || return
	left=$(($(meminfo MemAvailable) - WANT - 300))
	note "tmpfs takes $left MiB of $(meminfo MemAvailable)"
	while [ $((nr * 16)) -lt "$left" ]; do
		cp "$TMP/fill/seed" "$TMP/fill/$nr" || return
		nr=$((nr + 1))
	done
	[ $nr -gt 0 ]
}

# The page cache of a disk lasts for as long as somebody has it open.
fill_cache()
{
	disk=$(first_disk)
	[ "$disk" ] && exec 9<"$disk" || return
	dd if="$disk" of=/dev/null bs=1M count="$(meminfo MemFree)" 2>/dev/null
	note "MiB cached: $(meminfo Cached), buffers: $(meminfo Buffers)," \
		"free: $(meminfo MemFree)"
}

intact()
{
	pk same "$TMP/fill/seed" "$TMP"/fill/[0-9]*
}

takes()
{
	pk write kst-a/memory "${WANT}M" && same "$(memory_bytes kst-a)" $((WANT << 20))
}

is_full()
{
	[ "$(meminfo MemFree)" -lt "$WANT" ]
}

runs()
{
	pk write kst-a/cpus "$(pick 1)" && up kst-a && pk write kst-a/state kill
}

setup
need 1 $((WANT + 600))
[ "$(meminfo MemTotal)" -le "${PARKER_PRESSURE_MAX:-16384}" ] ||
	skip_all "it would take long to fill $(meminfo MemTotal) MiB: set PARKER_PRESSURE_MAX"
plan 8
pk mkdir kst-a || die "mkdir failed"
check "most of the memory is filled with tmpfs" fill_tmpfs
if fill_cache; then
	check "the rest is filled with page cache" is_full
else
	ktap_test_skip "the rest is filled with page cache: no disk to read"
fi
check "${WANT}M can be had" takes
check "what was in the tmpfs is intact" intact
check "a kernel runs there" runs
check "the tmpfs is still intact" intact
umount "$TMP/fill"
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
