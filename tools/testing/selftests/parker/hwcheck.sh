#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# hwcheck.sh [ROUNDS [CPUS]]: has this machine what Parker needs and what helps it, and do
# its CPUs do what Parker relies on? For root, on a machine that Parker has not been seen
# on yet.
#
# It prints a line for each feature: its name, "ok", "missing (optional)" or "MISSING",
# and what was seen. It exits with 0 if all are there, 1 if optional ones are missing, 2
# if one is that Parker needs, or if CPUs did not do what they should.
#
# One core is taken from the kernel by INIT, a start-up IPI and the proof that its CPUs
# are parked, and given back, ROUNDS times (default: 1000). CPUS are those of that core, by
# default of the last one that can be given. It is the way that any partition takes CPUs
# and needs no debugging option. Nothing else is changed. At the end, and when it is
# interrupted, all is as it was, but for what each CPU costs that goes offline: affinities
# may have been narrowed.
# shellcheck disable=SC2034,SC2119,SC3043

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
PATH=$HERE:$PATH
ROOT=/sys/kernel/parker
CPUDIR=/sys/devices/system/cpu
PCIDIR=/sys/bus/pci/devices
TRACING=/sys/kernel/tracing
TRACE=$TRACING/instances/hwcheck
. "$HERE/lib_machine.sh"

ROUNDS=${1:-1000}
WORST=0

# What is set up once for a CPU, by the firmware or by this kernel. Not what changes with
# each task.
MSRS="0x1b 0x33 0x3a 0x3b 0x48 0x8b 0xcf 0xe2 0x10a 0x122 0x123 0x140 0x174
	0x175 0x176 0x179 0x17a 0x17b 0x199 0x19a 0x19b 0x1a0 0x1a4 0x1b0 0x1d9 0x1fc
	0x250 0x258 0x259 0x268 0x269 0x26a 0x26b 0x26c 0x26d 0x26e 0x26f 0x277 0x2ff
	0x3f1 0x4d0 0x570 0x600 0x6a2 0x770 0x774 0xc8f 0xd90 0xda0 0xc0000080
	0xc0000081 0xc0000082 0xc0000083 0xc0000084 0xc0000103 0xc0010010 0xc0010015
	0xc0010062 0xc00102b3 0xc0010114 0xc0010117 0xc0011020 0xc0011021 0xc0011022
	0xc0011023 0xc0011029 0xc001102a 0xc001102b 0xc001102d 0xc0011030 0xc0011033"

# The pairs of MTRRs, and what each bank reports of machine checks
more_msrs()
{
	local nr

	for nr in $(seq 0 31); do
		printf '0x%x 0x%x ' $((0x200 + nr)) $((0x400 + 4 * nr))
	done
}

tell()
{
	printf '%-20s %-18s %s\n' "$1" "$2" "$3"
}

ok()
{
	tell "$1" ok "$2"
}

optional()
{
	tell "$1" "missing (optional)" "$2"
	[ $WORST -ge 1 ] || WORST=1
}

missing()
{
	tell "$1" MISSING "$2"
	WORST=2
}

# msr CPU MSR: its value; nothing if there is no such register
msr()
{
	pk msr "$1" "$2" 2>/dev/null
}

# bit VALUE NUMBER
bit()
{
	[ -n "$1" ] && [ $((($1 >> $2) & 1)) = 1 ]
}

made_by()
{
	grep -q "^vendor_id.*: $1" /proc/cpuinfo
}

# Why no CPU could be given
why_none()
{
	echo "hwcheck cpus=$(expand "$(cat $CPUDIR/possible)" | sed -n 2p) memory=2M" \
		2>/dev/null >check
	cat last_error
}

check_machine()
{
	if [ -n "$(available_cpus)" ]; then
		ok machine "CPUs $(available_cpus) can be given"
	else
		missing machine "$(why_none)"
	fi
	has_flag arat && ok arat "local APIC timers run in idle states" ||
		missing arat "local APIC timers stop in idle states"
	[ -n "$(msr 0 0x1b)" ] && ok msr "MSRs can be read" ||
		missing msr "MSRs cannot be read: load the module msr"
}

check_tsc()
{
	local back

	has_flag constant_tsc && has_flag nonstop_tsc &&
		ok tsc-invariant "runs at one rate, also in idle states" ||
		optional tsc-invariant "time of an application kernel may run unevenly"
	back=$(pk tsc "$(cat $CPUDIR/online)")
	if ! grep -qw tsc /sys/devices/system/clocksource/clocksource0/available_clocksource; then
		optional tsc-sync "this kernel does not trust it"
	elif [ "$back" = 0 ]; then
		ok tsc-sync "never steps back from CPU to CPU"
	else
		optional tsc-sync "steps back by ${back:-?} cycles from CPU to CPU"
	fi
}

check_interrupts()
{
	bit "$(msr 0 0x1b)" 10 && ok x2apic "CPUs run in x2APIC mode" ||
		optional x2apic "CPUs run in xAPIC mode, in which a guard costs more"
	[ -n "$(ls /sys/class/iommu 2>/dev/null)" ] &&
		ok iommu "$(ls /sys/class/iommu | paste -s -d ' ')" ||
		optional iommu "nothing holds DMA of devices"
	# The names of interrupt chips say it.
	grep -q ' IR-' /proc/interrupts && ok interrupt-remapping "on" ||
		optional interrupt-remapping "nothing holds interrupts of devices"
}

check_machine_checks()
{
	if ! grep -q "^vendor_id.*: \(GenuineIntel\|CentaurHauls\|  Shanghai  \)" /proc/cpuinfo
	then
		ok machine-checks "not broadcast by CPUs of this maker"
	elif bit "$(msr 0 0x179)" 27 && bit "$(msr 0 0x3a)" 20; then
		ok machine-checks "those of a CPU go to that CPU (LMCE)"
	else
		optional machine-checks "no LMCE: recoverable errors interrupt all kernels"
	fi
}

check_guard()
{
	local why

	why=$(sed -n 's/^isolation guarded //p' available)
	[ "$why" = ok ] && ok guard "partitions can be guarded" || optional guard "$why"
}

# Bridges are not given.
check_resets()
{
	local dir how

	for dir in "$PCIDIR"/*; do
		case $(cat "$dir/class" 2>/dev/null) in
		"" | 0x06*) continue ;;
		esac
		how=$(cat "$dir/reset_method" 2>/dev/null)
		[ -n "$how" ] && ok "reset/${dir##*/}" "$how" ||
			optional "reset/${dir##*/}" "it cannot be reset alone, nor given"
	done
}

centiseconds()
{
	cut -d ' ' -f 1 /proc/uptime | tr -d .
}

# A buffer of its own, so that nobody else's tracing is disturbed.
begin_trace()
{
	[ -d $TRACING/events/parker ] && mkdir $TRACE 2>/dev/null &&
		echo 1 >$TRACE/events/parker/parker_step/enable
}

slowest_proof()
{
	[ -d $TRACE ] || return
	sed -n 's/.* name=hwcheck step=park usec=\([0-9]*\) .*/\1/p' $TRACE/trace | sort -n |
		sed -n '$s/.*/, the slowest proof & us/p'
}

# go WORD: those that were online, by the ordinary way
go()
{
	local cpu

	for cpu in $(expand "$CORE"); do
		! has_cpu "$ONLINE" "$cpu" || echo "$1" >"$CPUDIR/cpu$cpu/online" || return
	done
}

# On CPU 0 what is common to the package would be seen.
read_msrs()
{
	# shellcheck disable=SC2046,SC2086
	pk msrs "0,$CORE" $MSRS $(more_msrs) >"$TMP/$1"
}

# What a task had set when it was interrupted is not there the next time.
same_msrs()
{
	for _ in 1 2 3; do
		read_msrs after
		cmp -s "$TMP/before" "$TMP/after" && return
		sleep 1
	done
	return 1
}

all_rounds()
{
	for NR in $(seq "$ROUNDS"); do
		echo "$CORE" >hwcheck/cpus && echo >hwcheck/cpus || return
	done 2>/dev/null
}

check_rounds()
{
	local begin end each

	begin=$(centiseconds)
	if all_rounds; then
		end=$(centiseconds)
		each=$(((end - begin) * 10 / ROUNDS))
		ok init-sipi "$ROUNDS rounds on CPUs $CORE, $each ms each$(slowest_proof)"
	else
		missing init-sipi "round $NR: $(cat hwcheck/last_error)"
	fi
	echo >hwcheck/cpus
	[ "$(cat $CPUDIR/online)" = "$ONLINE" ] && ok online "all CPUs are online again" ||
		missing online "CPUs $(cat $CPUDIR/online) are online, were $ONLINE"
}

check_msrs()
{
	if same_msrs; then
		ok msrs "$(grep -vc ' -$' "$TMP/before") values are as before"
	else
		missing msrs "CPU, MSR, values: $(sort "$TMP/before" "$TMP/after" | uniq -u |
			paste -s -d ';')"
	fi
}

# check_smis BEFORE
check_smis()
{
	local now

	now=$(msr 0 0x34)
	if ! made_by GenuineIntel || [ -z "$now" ]; then
		optional smi "CPUs of this maker do not count them"
	elif [ "$((now))" = "$(($1))" ]; then
		ok smi "none came meanwhile, $((now)) since the reset"
	else
		optional smi "$((now - $1)) came meanwhile: each stops all CPUs"
	fi
}

check_core()
{
	local smis

	if [ -z "$CORE" ]; then
		missing init-sipi "no core can be given"
		return
	fi
	# What going offline and online changes by itself is not Parker's.
	go 0 && go 1 || {
		missing init-sipi "CPUs $CORE cannot be taken offline"
		return
	}
	read_msrs before
	smis=$(msr 0 0x34)
	mkdir hwcheck || {
		missing init-sipi "$(cat last_error)"
		return
	}
	MINE=1
	begin_trace
	check_rounds
	check_msrs
	check_smis "$smis"
}

cleanup()
{
	trap '' HUP INT TERM
	if [ "$MINE" ]; then
		[ ! -d hwcheck ] || rmdir hwcheck
		[ ! -d $TRACE ] || rmdir $TRACE
	fi
	[ "$(cat $CPUDIR/online)" = "$ONLINE" ] || go 1
	cd /
	[ -z "$MOUNTED" ] || umount $ROOT
	rm -rf "$TMP"
}

refuse()
{
	echo "hwcheck.sh: $*" >&2
	exit 2
}

[ "$ROUNDS" -gt 0 ] 2>/dev/null || refuse "use: hwcheck.sh [ROUNDS [CPUS]]"
[ "$(id -u)" = 0 ] || refuse "this is for root"
[ -x "$HERE/pk" ] || refuse "pk is not built: make -C tools/testing/selftests TARGETS=parker"
if ! grep -qw parker /proc/filesystems; then
	missing parker "this kernel has no CONFIG_PARKER"
	exit 2
fi
TMP=$(mktemp -d) || exit 2
CORE='' MINE='' MOUNTED=''
ONLINE=$(cat $CPUDIR/online)
trap cleanup EXIT
trap 'exit 2' HUP INT TERM
if ! grep -q " $ROOT parker " /proc/mounts; then
	mount -t parker none $ROOT || exit 2
	MOUNTED=1
fi
cd $ROOT || exit 2
[ ! -d hwcheck ] || refuse "there is a partition hwcheck, of another run: rmdir $ROOT/hwcheck"
[ -e /dev/cpu/0/msr ] || modprobe msr 2>/dev/null
CORE=${2:-$(pick 1)}

ok parker "$(uname -r) on $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
check_machine
check_tsc
check_interrupts
check_machine_checks
check_guard
check_resets
check_core
exit $WORST
