#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# hwcheck.sh, which is for machines that nobody here has: what it says of this one, that
# it notices what is not there, and that it leaves the machine as it was.
#
# PARKER_HWCHECK  how often it takes a core (default: 100)

. "$(dirname "$0")/lib.sh"

ROUNDS=${PARKER_HWCHECK:-100}
FEATURES="parker machine arat msr tsc-invariant tsc-sync x2apic iommu interrupt-remapping
	machine-checks guard init-sipi online msrs smi"
# The first register of machine-check bank 1 of CPU 0, which no kernel writes meanwhile
BANK="0 0x404"

# hwcheck ARGUMENTS...: its exit code is left in STATUS, what it says in $TMP/said
hwcheck()
{
	STATUS=0
	hwcheck.sh "$@" >"$TMP/said" 2>&1 || STATUS=$?
	sed 's/^/# | /' "$TMP/said"
}

# hwcheck_with FILE PLACE: where PLACE looks like FILE, for it alone
hwcheck_with()
{
	STATUS=0
	unshare -m sh -c 'mount -o bind "$0" "$1" && exec hwcheck.sh 1' "$@" \
		>"$TMP/said" 2>&1 || STATUS=$?
}

# verdict FEATURE
verdict()
{
	sed -n "s/^$1  *\(ok\|missing (optional)\|MISSING\) .*/\1/p" "$TMP/said"
}

# says_of FEATURE VERDICT
says_of()
{
	same "$1: $(verdict "$1")" "$1: $2"
}

# The exit code that goes with what it says
worst()
{
	if grep -q '^[^ ]* *MISSING ' "$TMP/said"; then
		echo 2
	elif grep -q '^[^ ]* *missing (optional) ' "$TMP/said"; then
		echo 1
	else
		echo 0
	fi
}

lines_are_right()
{
	local feature

	same "$(grep -vc '^[^ ]\+ \+\(ok\|missing (optional)\|MISSING\) \+[^ ]' "$TMP/said")" 0 ||
		return
	for feature in $FEATURES; do
		same "$feature $(verdict "$feature" | wc -l)" "$feature 1" || return
	done
	same "$STATUS" "$(worst)"
}

# What else says the same
agrees_with_machine()
{
	local of_iommu="missing (optional)" of_mode="missing (optional)"

	[ -z "$(ls /sys/class/iommu)" ] || of_iommu=ok
	[ $(($(pk msr 0 0x1b) & 0x400)) = 0 ] || of_mode=ok
	[ -z "${PARKER_X2APIC:-}" ] || says_of interrupt-remapping ok || return
	says_of machine ok && says_of arat ok && says_of msr ok && says_of init-sipi ok &&
		says_of online ok && says_of msrs ok && says_of iommu "$of_iommu" &&
		says_of x2apic "$of_mode"
}

# No bridges
functions()
{
	grep -L ^0x06 $PCIDIR/*/class | sed 's|/class$||'
}

# As many lines as functions, and those ok that have a way
tells_resets()
{
	same "$(grep -c ^reset/ "$TMP/said")" "$(functions | wc -l)" &&
		same "$(grep -c '^reset/.* ok ' "$TMP/said")" \
			"$(functions | sed 's|$|/reset_method|' | xargs cat 2>/dev/null | wc -l)"
}

msrs_of_all()
{
	pk msrs "$ONLINE_BEFORE" 0x1b 0x277 0x2ff 0x404 0xc0000080
}

as_before()
{
	cpus_back && fails test -d hwcheck && fails test -d /sys/kernel/tracing/instances/hwcheck &&
		same "$(msrs_of_all)" "$BANKS"
}

# notices_no_flag FEATURE VERDICT FLAG...: as if the CPUs had these features, and then as if
# not the last one of them
notices_no_flag()
{
	local feature="$1" verdict="$2" flag all=""

	shift 2
	for flag; do
		all="$all $flag"
	done
	sed "/^flags/s/\$/$all/" /proc/cpuinfo >"$TMP/all"
	hwcheck_with "$TMP/all" /proc/cpuinfo
	says_of "$feature" ok || return
	sed "/^flags/s/ $flag\>//g" "$TMP/all" >"$TMP/cpuinfo"
	hwcheck_with "$TMP/cpuinfo" /proc/cpuinfo
	says_of "$feature" "$verdict" && same "$STATUS" "$(worst)"
}

notices_no_iommu()
{
	mkdir -p "$TMP/iommu"
	hwcheck_with "$TMP/iommu" /sys/class/iommu
	says_of iommu "missing (optional)" && mkdir "$TMP/iommu/dmar0" || return
	hwcheck_with "$TMP/iommu" /sys/class/iommu
	says_of iommu ok
}

notices_remapping()
{
	echo "  9:  1  IR-IO-APIC  9-fasteoi  acpi" >"$TMP/interrupts"
	hwcheck_with "$TMP/interrupts" /proc/interrupts
	says_of interrupt-remapping ok || return
	echo "  9:  1  IO-APIC  9-fasteoi  acpi" >"$TMP/interrupts"
	hwcheck_with "$TMP/interrupts" /proc/interrupts
	says_of interrupt-remapping "missing (optional)"
}

# A machine of which no core can be given
notices_no_core()
{
	pk mkdir kst-a && pk write kst-a/cpus "$(available_cpus)" || return
	hwcheck 1
	says_of machine MISSING && says_of init-sipi MISSING && same "$STATUS" 2 && remove kst-a
}

# in_background ROUNDS: until it has looked at the MSRs and takes its core
in_background()
{
	hwcheck.sh "$1" >"$TMP/said" 2>&1 &
	PID=$!
	CHILDREN="$CHILDREN $PID"
	for _ in $(seq 100); do
		[ ! -d hwcheck ] || return 0
		sleep 0.1
	done
	return 1
}

takes_another()
{
	local cpu

	cpu=$(expand "$(available_cpus)" | head -n 1)
	hwcheck 1 "$(siblings_of "$cpu")"
	says_of init-sipi ok && like "$(grep ^init-sipi "$TMP/said")" \
		"*CPUs $(siblings_of "$cpu"), *"
}

# Siblings that are offline belong to the core, too, and stay offline.
takes_core_without_smt()
{
	has_smt || return 4
	echo off >$CPUDIR/smt/control || return
	hwcheck 1
	echo on >$CPUDIR/smt/control || return
	says_of init-sipi ok && says_of online ok &&
		like "$(grep ^init-sipi "$TMP/said")" "*CPUs *[-,]*, *"
}

# A register that has another value afterwards
notices_changed_msr()
{
	local was

	# shellcheck disable=SC2086
	was=$(pk msr $BANK) && in_background "$ROUNDS" && pk msr $BANK 0 || return
	STATUS=0
	wait $PID || STATUS=$?
	# shellcheck disable=SC2086
	pk msr $BANK "$was" && says_of msrs MISSING &&
		grep -q "^msrs .* 0 0x404 0x0;0 0x404 0xf*$" "$TMP/said" && same $STATUS 2
}

# Another one must not take what this one has.
runs_once()
{
	in_background 100000 || return
	fails hwcheck.sh 1 2>"$TMP/second" && like "$(cat "$TMP/second")" "*of another run*" &&
		[ -d hwcheck ]
}

ends_when_told()
{
	STATUS=0
	kill $PID
	wait $PID || STATUS=$?
	same $STATUS 2 && as_before
}

setup
need 1 64
[ -e /dev/cpu/0/msr ] || skip_all "this kernel has no CONFIG_X86_MSR"
plan 16
BANKS=$(msrs_of_all)
hwcheck "$ROUNDS"
check "a line for each feature, and the exit code of the worst" lines_are_right
check "what it says is so" agrees_with_machine
check "each function, and whether it can be reset" tells_resets
check "the machine is as it was" as_before
check "CPUs without ARAT" notices_no_flag arat MISSING arat
check "a time stamp counter that stops" notices_no_flag tsc-invariant \
	"missing (optional)" constant_tsc nonstop_tsc
check "an IOMMU, or none" notices_no_iommu
check "interrupt remapping, or none" notices_remapping
check "no core that could be given" notices_no_core
check "an MSR that is not as before" notices_changed_msr
check "only one runs at a time" runs_once
check "told to end, it leaves the machine as it was" ends_when_told
check "another core" takes_another
check_or_skip "no SMT here" "a core, with SMT off" takes_core_without_smt
check "nonsense instead of a number" fails hwcheck.sh many 2>/dev/null
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
