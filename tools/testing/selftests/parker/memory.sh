#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory of partitions: sizes and nodes as they may be written, regions as they
# are shown, and all of it back at the end.

. "$(dirname "$0")/lib.sh"

MIB=1048576

# takes WISH MIB
takes()
{
	pk write kst-a/memory "$1" && same "$(memory_bytes kst-a)" $(($2 * MIB)) &&
		regions_are_right kst-a/memory
}

# Aligned, as long as they say, of a node, ascending, at most 16.
regions_are_right()
{
	local last=0 range bytes node start end

	between "$(wc -l <"$1")" 0 16 || return
	while read -r range bytes node; do
		start=$((${range%-*})) end=$((${range#*-}))
		like "$range $bytes $node" "0x*-0x* * node[0-9]*" &&
			same $((end - start + 1)) "$bytes" && [ "$start" -gt "$last" ] &&
			[ $((start % (2 * MIB))) = 0 ] && [ $((bytes % (2 * MIB))) = 0 ] ||
			return
		last=$end
	done <"$1"
}

# Everything that was taken is the boot kernel's memory, and of one only.
no_overlap()
{
	cat kst-*/memory | while read -r range _; do
		echo $((${range%-*})) $((${range#*-}))
	done | sort -n | awk '{ if ($1 <= last) exit 1; last = $2 }'
}

gives_all_back()
{
	pk write kst-a/memory 0 && same "$(cat kst-a/memory)" ""
}

grows_and_shrinks()
{
	pk write kst-a/memory 64M || return
	cp kst-a/memory "$TMP/before"
	pk write kst-a/memory "64M 32M" && same "$(memory_bytes kst-a)" $((96 * MIB)) &&
		regions_hold "$TMP/before" && pk write kst-a/memory 64M &&
		same "$(memory_bytes kst-a)" $((64 * MIB))
}

# What the partition had, it still has: perhaps as a part of a larger region.
regions_hold()
{
	local start end range rest

	start=$(sed 's/-.*//; q' "$1") end=$(sed 's/ .*//; s/.*-//; q' "$1")
	while read -r range rest; do
		[ $((${range%-*})) -le $((start)) ] && [ $((${range#*-})) -ge $((end)) ] && return
	done <kst-a/memory
	note "$start-$end is not in: $(cat kst-a/memory)"
	return 1
}

# A wish for CPUs and memory survives the load; the state allows a change.
changes_while_loaded()
{
	pk write kst-a/memory 128M && load kst-a &&
		pk write kst-a/memory 160M && is_state kst-a loaded &&
		start kst-a && wait_state kst-a running && pk write kst-a/state kill &&
		pk write kst-a/memory 192M && is_state kst-a stopped &&
		same "$(memory_bytes kst-a)" $((192 * MIB)) &&
		start kst-a && wait_state kst-a running && pk write kst-a/state kill
}

commas()
{
	make kst-b "$(pick 1)" 64M,32M && same "$(memory_bytes kst-b)" $((96 * MIB))
}

# on_node N
on_node()
{
	pk write kst-a/memory "64M@$1" && same "$(memory_bytes kst-a)" $((64 * MIB)) &&
		! grep -v "node$1\$" kst-a/memory
}

# Also from memory that is not, on a machine that has some above
below_4g()
{
	takes "96M@low" 96 && is_low && pk write kst-a/memory "64M@low 32M" && is_low &&
		same "$(memory_bytes kst-a)" $((96 * MIB)) && gives_all_back &&
		pk write kst-a/memory 64M && pk write kst-a/memory 64M@low && is_low &&
		same "$(memory_bytes kst-a)" $((64 * MIB))
}

is_low()
{
	local range rest

	while read -r range rest; do
		[ $((${range#*-})) -lt $((1 << 32)) ] || {
			note "$range $rest is not below 4 GiB"
			return 1
		}
	done <kst-a/memory
}

free_is_back()
{
	local now

	for _ in 1 2 3 4 5; do
		now=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
		[ "$now" -ge $((AVAILABLE - 16384)) ] && return
		sleep 1
	done
	note "MemAvailable: $AVAILABLE kB before, now $now kB"
	return 1
}

setup
need 1 512
NODES=$(awk '$1 == "memory" && $3 > 134217728 { print substr($2, 5) }' available)
plan $((19 + $(echo "$NODES" | wc -l)))
AVAILABLE=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
pk mkdir kst-a || die "mkdir failed"
pk write kst-a/cpus "$(pick 1)" || die "no CPU"

# First, as the machine may be fresh.
if [ "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" -gt 3500000 ]; then
	check "1G on a machine of 4 GiB" takes 1G 1024
	check "it is given back" gives_all_back
else
	ktap_test_skip "1G: needs 4 GiB"
	ktap_test_skip "1G is given back: needs 4 GiB"
fi
check "64M" takes 64M 64
check "in bytes" takes $((32 * MIB)) 32
check "in K" takes 65536K 64
check "3M is rounded up" takes 3M 4
check "1 byte is rounded up" takes 1 2
check "several sizes" takes "64M 32M 2M" 98
check "16 sizes" takes "2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M 2M" 32
check "what fits is kept" grows_and_shrinks
for node in $NODES; do
	check "64M of node $node" on_node "$node"
done
check "below 4 GiB" below_4g
refuse ENOMEM "* wanted below 4 GiB, where * MiB are free *" kst-a \
	"more than there is below 4 GiB" pk write kst-a/memory 4G@low
check "0 gives all back" gives_all_back
check "0 of nothing" gives_all_back
check "it can be changed while loaded and while stopped" changes_while_loaded
pk mkdir kst-b && pk write kst-b/memory 96M || die "no second partition"
check "no byte belongs to two" no_overlap
if remove kst-b && have 1 96; then
	check "create takes sizes separated by commas" commas
else
	ktap_test_skip "create with several sizes: needs one more CPU"
fi
remove_all
check "all memory is free again" free_is_back
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
