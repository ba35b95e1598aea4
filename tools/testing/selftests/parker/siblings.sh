#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A core one of whose threads is off or absent can be given all the same: that thread
# need not be named, belongs to the core, and stays refused while the core is owned.
#
# Boot with nosmt, or with a CPU less than the machine has room for, to have such a core;
# otherwise the threads are turned off here.
#
# PARKER_SMT=1  it is a failure if this machine has no such cores

. "$(dirname "$0")/lib.sh"

SMT=$CPUDIR/smt/control

# alone: an online CPU that has no other thread online
alone()
{
	local cpu

	for cpu in $(expand "$(online)" | grep -vx 0 | sort -rn); do
		same "$(cat "$CPUDIR/cpu$cpu/topology/thread_siblings_list")" "$cpu" >/dev/null &&
			echo "$cpu" && return
	done
}

# What is not available any more beside the CPU itself; nothing where it is absent
find_sibling()
{
	local cpu

	for cpu in $(expand "$1"); do
		[ "$cpu" = "$FIRST" ] || has_cpu "$(available_cpus)" "$cpu" || echo "$cpu"
	done
}

takes_one()
{
	local before

	before=$(available_cpus)
	pk write kst-a/cpus "$FIRST" && same "$(cat kst-a/cpus)" "$FIRST" || return
	SIBLING=$(find_sibling "$before")
	note "CPU $FIRST goes with CPU ${SIBLING:-that is absent}"
}

stays_off()
{
	has_cpu "$(online)" "$1" && return 1
	return 0
}

# Neither by itself, nor with all others.
cannot_be_onlined()
{
	local nr

	fails pk write "$CPUDIR/cpu$SIBLING/online" 1 2>/dev/null && stays_off "$SIBLING" || return
	nr=$(nr_cpus "$(online)")
	pk write "$SMT" on && [ "$(nr_cpus "$(online)")" -gt "$nr" ] && stays_off "$SIBLING" &&
		fails pk write "$CPUDIR/cpu$SIBLING/online" 1 2>/dev/null && stays_off "$SIBLING"
}

runs()
{
	up kst-a && same "$(says kst-a cpus)" 0 && pk write kst-a/state kill
}

is_back()
{
	pk write kst-a/cpus "" && same "$(cat kst-a/last_error)" ok &&
		has_cpu "$(online)" "$FIRST" || return
	[ "$SIBLING" ] || return 0
	stays_off "$SIBLING" && pk write "$CPUDIR/cpu$SIBLING/online" 1 &&
		has_cpu "$(online)" "$SIBLING"
}

restore()
{
	[ ! -w "$SMT" ] || echo "$CONTROL" >"$SMT" 2>/dev/null
}

setup
need 1 256
CONTROL=$(cat "$SMT" 2>/dev/null) || CONTROL=notimplemented
if [ "$CONTROL" = on ] && [ "${PARKER_ABSENT:-0}" = 0 ]; then
	has_smt || skip_all "no core of this machine has several threads"
	trap 'remove_all; restore; cleanup' EXIT
	echo off >"$SMT" || die "SMT cannot be turned off"
elif [ "${PARKER_ABSENT:-0}" = 0 ] && [ "$CONTROL" != off ]; then
	[ "${PARKER_SMT:-0}" = 0 ] || die "no core of this machine has several threads"
	skip_all "no core of this machine has several threads"
fi
FIRST=$(alone) SIBLING=''
[ "$FIRST" ] || die "no core has a thread that is off"
pk mkdir kst-a && pk write kst-a/memory 256M || die "no partition"

takes_one
STATUS=$?
if [ "$SIBLING" ]; then plan 8; else plan 5; fi
check "CPU $FIRST is taken without the other thread of its core" [ $STATUS = 0 ]
if [ "$SIBLING" ]; then
	refuse EBUSY "*was off*" kst-a "CPU $SIBLING in addition" \
		pk write kst-a/cpus "$FIRST,$SIBLING"
	check "CPU $SIBLING cannot be brought online" cannot_be_onlined
	check "a kernel runs on one CPU" runs
	check "CPU $SIBLING stays refused" fails pk write "$CPUDIR/cpu$SIBLING/online" 1
	check "both are back, and can be online" is_back
	check "the core can be had again" eval 'pk write kst-a/cpus "$FIRST,$SIBLING" &&
		pk write kst-a/cpus ""'
else
	check "a kernel runs on one CPU" runs
	check "it is back" is_back
	check "it can be had again" eval 'pk write kst-a/cpus "$FIRST" &&
		pk write kst-a/cpus ""'
fi
remove_all
restore
check "no warning" log_clean
finish
