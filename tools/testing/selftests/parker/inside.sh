#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What an application kernel has and does: its memory, clock and CPUs, and
# nothing of the machine beside.

. "$(dirname "$0")/lib.sh"

# within A-B, hexadecimal, of the partition
ram_is_ours()
{
	local range start end rest

	start=$((0x${1%-*})) end=$((0x${1#*-}))
	# The slot below 1 MiB, and what the kernel keeps for itself there.
	[ "$end" -lt 1048576 ] && return
	while read -r range rest; do
		[ "$start" -ge $((${range%-*})) ] && [ "$end" -le $((${range#*-})) ] && return
	done <kst-a/memory
	note "$1 is not the partition's"
	return 1
}

all_ram_is_ours()
{
	tr -d '\r' <kst-a/console | sed -n 's/^app: ram //p' >"$TMP/ram"
	[ -s "$TMP/ram" ] || return
	while read -r range; do
		ram_is_ours "$range" || return
	done <"$TMP/ram"
}

clock_is_right()
{
	local seconds

	seconds=$(says kst-a seconds)
	between "$seconds" "$BEFORE" "$(date +%s)"
}

hotplugs()
{
	up kst-a hotplug && wait_text kst-a "app: hotplug ok" "app: hotplug failed" &&
		grep -q "app: hotplug ok" kst-a/console && is_state kst-a running
}

# The devices of the machine interrupt the boot kernel only.
no_device_interrupts()
{
	up kst-a irqs && wait_text kst-a "app: irqs 3 end" &&
		! grep -E "app: irq ([0-9]+|ERR|MIS|NMI|SPU|THR|DFR) " kst-a/console
}

# no line of the log speaks of what only the machine has
silent_about()
{
	! grep -E "$1" kst-a/console
}

ignores_with_a_line()
{
	load kst-a "mem=64M parker.app=idle" && start kst-a && wait_state kst-a running &&
		wait_text kst-a "app: ready" &&
		same "$(says kst-a cmdline)" "mem=64M parker.app=idle" &&
		ram_is kst-a $((256 << 20)) &&
		grep -v "ommand line" kst-a/console | grep -q "mem=" &&
		pk write kst-a/state kill
}

setup
need 2 256
plan 11
make kst-a "$(pick 2)" 256M || die "no partition"
BEFORE=$(date +%s)
up kst-a || die "not running"

check "its RAM is the partition's" all_ram_is_ours
check "its clock is right" clock_is_right
check "its clocksource is the TSC" same "$(says kst-a clocksource)" tsc
check "no ACPI" silent_about "ACPI: (RSDP|Core revision|PM)"
check "no warning in its log" silent_about "WARNING|BUG:|Call Trace|Oops"
pk write kst-a/state kill
check "what speaks of the machine is ignored, with a line" ignores_with_a_line
check "no interrupt of a device" no_device_interrupts
pk write kst-a/state kill
check "CPUs go offline and online inside" hotplugs
pk write kst-a/state kill
check "and again" hotplugs
check "it powers off when asked" eval 'pk write kst-a/state stop && wait_state kst-a stopped &&
	same "$(cat kst-a/reason)" "powered off"'
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
