#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where a core has several threads, a partition has whole cores; where there are
# several nodes, its memory is near its CPUs.
#
# PARKER_SMT=1  it is a failure if this machine has no such cores or nodes

. "$(dirname "$0")/lib.sh"

# The kernel inside knows them as one core.
sees_one_core()
{
	up kst-a && same "$(says kst-a cpus)" "0-$(($(nr_cpus "$CORE") - 1))"
}

# takes_half: the other half, which is offline, is refused then
takes_half()
{
	pk write kst-a/cpus "$FIRST" && same "$(cat kst-a/cpus)" "$FIRST" &&
		fails pk write "$CPUDIR/cpu$LAST/online" 1 2>/dev/null &&
		fails has_cpu "$(online)" "$LAST" &&
		fails has_cpu "$(available_cpus)" "$LAST" && pk write kst-a/cpus "" &&
		has_cpu "$(available_cpus)" "$LAST"
}

# A sibling that is offline already belongs to the core, too.
half_is_offline()
{
	echo 0 >"$CPUDIR/cpu$LAST/online" || return
	OFFLINED=$LAST
	check "half a core whose other half is offline" takes_half
	check "a whole core whose half is offline" pk write kst-a/cpus "$CORE"
	check "given back, that half stays offline" eval 'pk write kst-a/cpus "" &&
		has_cpu "$(online)" "$FIRST" && fails has_cpu "$(online)" "$LAST"'
	echo 1 >"$CPUDIR/cpu$LAST/online"
	OFFLINED=
}

# The CPUs of the package that a CPU is in
package_of()
{
	local cpu

	for cpu in $(expand "$(online)"); do
		[ "$(cat "$CPUDIR/cpu$cpu/topology/physical_package_id")" != "$1" ] || echo "$cpu"
	done | collapse
}

# What is said of a success, and is not said of one that leaves it a CPU
whole_package()
{
	local core

	core=$(siblings_of "$(expand "$2" | tail -n 1)")
	pk write kst-a/cpus "$core" && same "$(cat kst-a/last_error)" ok &&
		pk write kst-a/cpus "$2" &&
		like "$(cat kst-a/last_error)" \
			"cpus: package $1 has no CPU left in the boot kernel; *" &&
		pk write kst-a/cpus "" && same "$(cat kst-a/last_error)" ok
}

# nodes: those with memory and a core to give, one a line
nodes()
{
	awk '$1 == "memory" && $3 >= 134217728 { print substr($2, 5) }' available |
		while read -r node; do
			[ -z "$(core_of "$node")" ] || echo "$node"
		done
}

# core_of NODE: the last one that is available
core_of()
{
	local cpu

	for cpu in $(expand "$(available_cpus)" | sort -rn); do
		[ -d "$CPUDIR/cpu$cpu/node$1" ] || continue
		siblings_of "$cpu"
		return
	done
}

# bytes_of NODE: what the partition has there
bytes_of()
{
	awk -v node="node$1" '$3 == node { sum += $2 } END { printf "%.0f\n", sum }' kst-a/memory
}

# gets WISH NODE MIB [NODE MIB]: that much of each
gets()
{
	pk write kst-a/memory 0 && pk write kst-a/memory "$1" || return
	shift
	while [ $# -gt 0 ]; do
		same "node $1: $(bytes_of "$1")" "node $1: $(($2 << 20))" || return
		shift 2
	done
}

# follows CPUS NODE
follows()
{
	pk write kst-a/cpus "$1" && gets 64M "$2" 64
}

# The first CPU decides, unless a node is named.
memory_is_near()
{
	local core core_2 cpus near

	core=$(core_of "$1") core_2=$(core_of "$2")
	cpus=$core,$core_2 near=$1
	has_cpu "$core" "$(expand "$cpus" | sort -n | head -n 1)" || near=$2
	check "CPUs $core have memory of node $1" follows "$core" "$1"
	check "CPUs $core_2 have memory of node $2" follows "$core_2" "$2"
	check "CPUs $cpus have memory of node $near" follows "$cpus" "$near"
	check "memory of node $1 is asked for" gets "64M@$1" "$1" 64
	check "memory of node $2 is asked for" gets "64M@$2" "$2" 64
	check "memory of both is asked for" gets "32M@$1 64M@$2" "$1" 32 "$2" 64
}

setup
need 2 256
if ! has_smt; then
	[ "${PARKER_SMT:-0}" = 0 ] || die "no core of this machine has several threads"
	skip_all "no core of this machine has several threads"
fi
plan 16
CORE=$(pick 1)
FIRST=$(expand "$CORE" | head -n 1)
LAST=$(expand "$CORE" | tail -n 1)
BOOT_SIBLING=$(expand "$(siblings_of 0)" | tail -n 1)
pk mkdir kst-a && pk write kst-a/memory 256M || die "no partition"

refuse EINVAL "*$LAST*" kst-a "half a core" pk write kst-a/cpus "$FIRST"
refuse EINVAL "*$FIRST*" kst-a "the other half" pk write kst-a/cpus "$LAST"
if [ "$BOOT_SIBLING" != 0 ]; then
	refuse EINVAL "*" kst-a "the sibling of CPU 0" pk write kst-a/cpus "$BOOT_SIBLING"
else
	ktap_test_skip "the sibling of CPU 0: it has none"
fi
half_is_offline
check "a whole core" pk write kst-a/cpus "$CORE"
check "a kernel runs there" sees_one_core
pk write kst-a/state kill && pk write kst-a/cpus "" && pk write kst-a/memory 0
PACKAGE=$(cat "$CPUDIR/cpu$LAST/topology/physical_package_id")
CPUS=$(package_of "$PACKAGE")
if ! has_cpu "$CPUS" 0; then
	check "the last CPU of package $PACKAGE" whole_package "$PACKAGE" "$CPUS"
else
	ktap_test_skip "the last CPU of a package: there is one package"
fi
NODES=$(nodes)
if [ "$(echo "$NODES" | wc -w)" -ge 2 ]; then
	# shellcheck disable=SC2086
	memory_is_near $NODES
else
	[ "${PARKER_SMT:-0}" = 0 ] || die "there are no two nodes"
	for what in "CPUs of one" "CPUs of another" "CPUs of both" one another both; do
		ktap_test_skip "memory of nodes, $what: there is one node"
	done
fi
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
