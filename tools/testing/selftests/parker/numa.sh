#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A partition of two NUMA nodes shows two, with the CPUs and the memory that are on
# each; one of a single node shows one, whatever its number is in the boot kernel.

. "$(dirname "$0")/lib.sh"

NODES=/sys/devices/system/node

# some_cpus NODE: one core of it
some_cpus()
{
	local cpu

	for cpu in $(expand "$(available_cpus)"); do
		[ -e "$NODES/node$1/cpu$cpu" ] && siblings_of "$cpu" && return
	done
}

told()
{
	up kst-a tell && wait_text kst-a "app: told"
}

nodes_are()
{
	tr -d '\r' <kst-a/console | sed -n 's/^app: node \(.*\) cpus .*/\1/p' >"$TMP/nodes"
	same "$(tr '\n' ' ' <"$TMP/nodes")" "$1"
}

# node_has NODE CPUS MIB: less what the kernel itself takes of it
node_has()
{
	same "$(says kst-a "node $1 cpus")" "$2" &&
		between "$(says kst-a "node $1 memory" | sed 's/ .*//')" \
			$((($3 - 96) << 10)) $(($3 << 10))
}

# The boot CPU of a partition, which is its CPU 0, is on the first node here.
last_of()
{
	echo "$(nr_cpus "$1")-$(($(nr_cpus "$1,$2") - 1))" | sed 's/^\(.*\)-\1$/\1/'
}

first_of()
{
	echo "0-$(($(nr_cpus "$1") - 1))" | sed 's/^0-0$/0/'
}

on_second_only()
{
	make kst-a "$SECOND" 256M@1 && told && nodes_are "0 " &&
		node_has 0 "$(first_of "$SECOND")" 256
}

on_both()
{
	make kst-a "$FIRST,$SECOND" "256M@0,384M@1" && told && nodes_are "0 1 " &&
		node_has 0 "$(first_of "$FIRST")" 256 &&
		node_has 1 "$(last_of "$FIRST" "$SECOND")" 384
}

cpus_of_one_memory_of_other()
{
	make kst-a "$FIRST" 256M@1 && told && is_state kst-a running &&
		grep -q "app: node . cpus $(first_of "$FIRST")" kst-a/console
}

turned_off()
{
	make kst-a "$FIRST,$SECOND" "256M@0,256M@1" && up kst-a tell numa=off &&
		wait_text kst-a "app: told" && nodes_are "0 "
}

setup
need 4 700
[ -d $NODES/node1 ] || skip_all "this machine has one NUMA node"
FIRST=$(some_cpus 0) SECOND=$(some_cpus 1)
plan 6
check "the two nodes have CPUs that can be given away" [ -n "$FIRST" -a -n "$SECOND" ]
for case in on_second_only on_both cpus_of_one_memory_of_other turned_off; do
	check "$(echo $case | tr _ ' ')" $case
	remove kst-a
done
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
