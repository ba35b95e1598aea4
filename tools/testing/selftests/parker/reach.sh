#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What belongs to the whole machine is out of reach in an application kernel, also for
# root and for drivers that nobody thought of.
#
# Beside each refusal the same is done in the boot kernel, where it works. What was not
# built into that is skipped.
#
# PARKER_INTEL=1  it is a failure if no driver finds the limits of power by the CPU's model

. "$(dirname "$0")/lib.sh"

# A register of bank 1 of the machine-check banks: INIT does not reset it, and a kernel
# that sets the banks up sets all of its bits.
BANK=0x404
ALL=0xffffffffffffffff
# Names of /proc/cpuinfo: what a boot kernel manages for a package or for the machine
SHARED="vmx svm sgx tsc_adjust rdt_a cqm_llc hfi pts tm hwp epb cppc perfctr_nb
	perfctr_llc intel_pt dtes64"

LIMITS=/sys/bus/platform/devices/intel_rapl_msr.0

# Those of the shared features that this machine has
shared_here()
{
	local flag

	for flag in $SHARED; do
		! has_flag "$flag" || echo "$flag"
	done
}

none_is_seen()
{
	local flag seen

	seen=" $(says kst-a flags) "
	for flag in $SHARED; do
		fails like "$seen" "* $flag *" >/dev/null || {
			note "it sees $flag"
			return 1
		}
	done
	note "this machine has: $(shared_here | tr '\n' ' ')"
	[ "$(shared_here)" ]
}

# refuses WHAT: its init was refused, and a line of its log says so
refuses()
{
	grep -q "^app: refused $1" kst-a/console && ! grep -q "^app: reached $1" kst-a/console
}

maps_nothing()
{
	refuses ioremap && refuses memremap &&
		same "$(grep -c "^app: refused \(io\|mem\)remap" kst-a/console)" 14 &&
		grep -q "parker: .* wants to map .*, which is not the partition's" kst-a/console
}

offers_not()
{
	[ -e "$1" ] || return 4
	! grep -q "^app: offers $1" kst-a/console
}

# A driver that knows the model of the CPU
offers_no_limits()
{
	[ -e "$LIMITS" ] || [ -z "${PARKER_INTEL:-}" ] || return 1
	offers_not "$LIMITS"
}

# refuses_but_here WHAT COMMAND...: it works in the boot kernel
refuses_but_here()
{
	local what="$1"

	shift
	"$@" 2>/dev/null || return 4
	refuses "$what"
}

clear_bank()
{
	local cpu

	for cpu in $(expand "$1"); do
		pk msr "$cpu" $BANK 0 && same "$(pk msr "$cpu" $BANK)" 0x0 || return
	done
}

# Not one of its CPUs has set the bank up.
bank_is_kept()
{
	same "$(tr -d '\r' <kst-a/console | grep "^app: bank " | sort -u)" "app: bank 0 0x0
app: bank 1 0x0"
}

bank_is_set_up()
{
	local cpu

	for cpu in $(expand "$1"); do
		same "$(pk msr "$cpu" $BANK)" $ALL || return
	done
}

floppies()
{
	sed -n 's/^# floppies *: //p' /proc/driver/nvram
}

# A byte of all ones counts as four.
sees_no_cmos()
{
	[ -e /proc/driver/nvram ] || return 4
	note "the boot kernel reads '$(floppies)'"
	same "$(says kst-a floppies)" 4 && fails same "$(floppies)" 4 >/dev/null
}

setup
need 2 256
plan 18
CPUS=$(pick 2)

check "machine-check banks can be told apart" clear_bank "$CPUS"
make kst-a "$CPUS" 256M || die "no partition"
up kst-a reach "cpufreq.off=0 cpuidle.off=0" && wait_text kst-a "app: reach end" ||
	die "not running"

check "machine-check banks are as they were" bank_is_kept
check "no feature of the machine is seen" none_is_seen
LACK="not in this kernel"
check_or_skip "$LACK" "/proc/mtrr is refused" refuses_but_here /proc/mtrr pk open /proc/mtrr
check_or_skip "$LACK" "no frequencies to choose" offers_not /sys/devices/system/cpu/cpufreq
check_or_skip "$LACK" "no idle states to choose" offers_not /sys/devices/system/cpu/cpuidle
check_or_skip "$LACK" "no limits of power to set" offers_no_limits
check_or_skip "$LACK" "no microcode to load" offers_not /sys/devices/system/cpu/cpu0/microcode
check_or_skip "$LACK" "a driver that does not ask for ports reads no CMOS" sees_no_cmos
check_or_skip "$LACK" "ioperm() is refused" refuses_but_here ioperm pk ioperm 0x80
check_or_skip "$LACK" "iopl() is refused" refuses_but_here iopl pk iopl 3
check_or_skip "$LACK" "/dev/mem is refused" refuses_but_here /dev/mem pk open /dev/mem
check_or_skip "$LACK" "/dev/port is refused" refuses_but_here /dev/port pk open /dev/port
check "MSRs cannot be written" refuses "MSR write"
check "drivers cannot map what is not the partition's" maps_nothing
check "they can map what is" grep -q "^app: mapped its own" kst-a/console
pk write kst-a/state kill
remove_all
check "the boot kernel sets its banks up again" bank_is_set_up "$CPUS"
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
