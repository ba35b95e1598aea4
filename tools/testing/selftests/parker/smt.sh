#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where a core has several threads, a partition has whole cores.

. "$(dirname "$0")/lib.sh"

# The kernel inside knows them as one core.
sees_one_core()
{
	up kst-a && same "$(says kst-a cpus)" "0-$(($(nr_cpus "$CORE") - 1))"
}

# A sibling that is offline already belongs to the core, too.
half_is_offline()
{
	echo 0 >"$CPUDIR/cpu$LAST/online" || return
	OFFLINED=$LAST
	refuse EINVAL "*$LAST*" kst-a "half a core whose other half is offline" \
		pk write kst-a/cpus "$FIRST"
	check "a whole core whose half is offline" pk write kst-a/cpus "$CORE"
	check "given back, that half stays offline" eval 'pk write kst-a/cpus "" &&
		has_cpu "$(online)" "$FIRST" && fails has_cpu "$(online)" "$LAST"'
	echo 1 >"$CPUDIR/cpu$LAST/online"
	OFFLINED=
}

setup
need 2 256
has_smt || skip_all "no core of this machine has several threads"
plan 9
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
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
