#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# CPUs of partitions: nobody else can use them, and they come back as they were.

. "$(dirname "$0")/lib.sh"

first_of()
{
	expand "$1" | head -n 1
}

takes()
{
	pk write kst-a/cpus "$1" && same_list "$(cat kst-a/cpus)" "$1" || return
	for cpu in $(expand "$1"); do
		has_cpu "$(online)" "$cpu" && return 1
	done
	return 0
}

# Nobody brings a claimed CPU online: not while it waits, not while it runs.
cannot_be_onlined()
{
	fails pk write "$CPUDIR/cpu$1/online" 1 2>/dev/null || return
	has_cpu "$(online)" "$1" && return 1
	[ ! -f "$CPUDIR/cpu$1/hotplug/target" ] ||
		fails pk write "$CPUDIR/cpu$1/hotplug/target" "$(tail -n 1 $CPUDIR/hotplug/states |
			sed 's/:.*//')" 2>/dev/null || return
	has_cpu "$(online)" "$1" && return 1
	return 0
}

# Writing 0 to the online file of a CPU that runs another kernel is no order.
cannot_be_offlined()
{
	fails pk write "$CPUDIR/cpu$1/online" 0 2>/dev/null || true
	is_state kst-a running && beats
}

beats()
{
	local seen

	seen=$(field kst-a/stat heartbeats)
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(field kst-a/stat heartbeats)" -gt "$seen" ] && return
		sleep 1
	done
	return 1
}

gives_half_back()
{
	local half rest

	half=$(siblings_before "$(first_of "$CPUS")")
	rest=$(for cpu in $(expand "$CPUS"); do
		has_cpu "$half" "$cpu" || echo "$cpu"
	done | collapse)
	takes "$rest" || return
	for cpu in $(expand "$half"); do
		has_cpu "$(online)" "$cpu" || return
	done
}

# As it was when the CPUs were online: the files are gone with them.
siblings_before()
{
	sed -n "s/^$1 //p" "$TMP/siblings"
}

offline()
{
	for cpu in $(expand "$1"); do
		echo 0 >"$CPUDIR/cpu$cpu/online" || return
		OFFLINED="$OFFLINED $cpu"
	done
}

stays_offline()
{
	offline "$CPUS" && takes "$CPUS" && up kst-a && pk write kst-a/state kill &&
		pk write kst-a/cpus "" || return
	for cpu in $(expand "$CPUS"); do
		has_cpu "$(online)" "$cpu" && return 1
		echo 1 >"$CPUDIR/cpu$cpu/online" || return
	done
	OFFLINED=
	cpus_back
}

works()
{
	pk spin 1 "$CPUS" && same "$(taskset -c "$CPUS" echo fine)" fine
}

setup
need 2 256
plan 14
CPUS=$(pick 2)
for cpu in $(expand "$CPUS"); do
	echo "$cpu $(siblings_of "$cpu")"
done >"$TMP/siblings"
CPU=$(first_of "$CPUS")
pk mkdir kst-a && pk write kst-a/memory 256M || die "no partition"

check "CPUs $CPUS are taken" takes "$CPUS"
check "CPU $CPU cannot be brought online" cannot_be_onlined "$CPU"
check "the same set again changes nothing" takes "$CPUS"
check "it is not available any more" fails has_cpu "$(available_cpus)" "$CPU"
check "its kernel runs" up kst-a
check "CPU $CPU cannot be brought online while it runs" cannot_be_onlined "$CPU"
check "nor taken offline" cannot_be_offlined "$CPU"
pk write kst-a/state kill
check "CPU $CPU cannot be brought online after the kill" cannot_be_onlined "$CPU"
if [ "$(nr_cpus "$CPUS")" -gt "$(nr_cpus "$(siblings_before "$CPU")")" ]; then
	check "some are given back, the others kept" gives_half_back
else
	ktap_test_skip "some are given back: one core only"
fi
check "an empty set gives all back" eval 'pk write kst-a/cpus "" && cpus_back'
check "they work as before" works
check "those that were offline can be used, and stay offline" stays_offline
check "rmdir gives them back, too" eval 'takes "$CPUS" && pk rmdir kst-a && cpus_back'
check "no warning" log_clean
finish
