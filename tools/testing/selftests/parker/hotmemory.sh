#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The machine's memory can be taken offline block by block: what a partition has stays,
# and what is offline is given to none.

. "$(dirname "$0")/lib.sh"

BLOCKS=/sys/devices/system/memory

# block ADDRESS: its number
block()
{
	echo $(($1 / 0x$(cat $BLOCKS/block_size_bytes)))
}

# Each block of its memory
partition_stays()
{
	local range first last nr

	for range in $(cut -d ' ' -f 1 kst-a/memory); do
		first=$(block "${range%-*}")
		last=$(block "${range#*-}")
		for nr in $(seq "$first" "$last"); do
			pk write $BLOCKS/memory$nr/state offline EBUSY || return
		done
	done
	same "$(cat kst-a/memory)" "$MEMORY" && is_state kst-a running
}

# A block that goes, the highest one first
take_block()
{
	for NR in $(ls $BLOCKS | sed -n 's/^memory//p' | sort -rn); do
		{ echo offline >$BLOCKS/memory"$NR"/state; } 2>/dev/null && return
	done
	return 1
}

# Nothing of what others have, or would get, lies in it.
none_gets_it()
{
	local rest range

	rest=$(sed -n 's/.* largest //p' available | sort -rn | head -n 1)
	pk mkdir kst-b && pk write kst-b/memory $((rest / 2)) || return
	for range in $(cut -d ' ' -f 1 kst-b/memory); do
		[ "$(block "${range#*-}")" -lt "$NR" ] ||
			[ "$(block "${range%-*}")" -gt "$NR" ] || return
	done
	pk rmdir kst-b
}

setup
[ -r $BLOCKS/block_size_bytes ] || skip_all "this kernel has no CONFIG_MEMORY_HOTREMOVE"
need 1 1024
plan 8
make kst-a "$(pick 1)" 256M && up kst-a || die "no partition"
MEMORY=$(cat kst-a/memory)
check "a block with memory of a partition stays online" partition_stays
BEFORE=$(available_memory)
check "another one goes offline" take_block
check "it is not available" eval '[ "$(available_memory)" -lt "$BEFORE" ]'
check "no partition gets it" none_gets_it
check "it comes online again" pk write $BLOCKS/memory"$NR"/state online
check "the kernel runs on" eval 'is_state kst-a running && pk write kst-a/state stop &&
	wait_state kst-a stopped'
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
