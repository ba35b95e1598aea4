#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The ways in which a kernel dies, each with the state, the reason and the words
# that must come of it. The boot kernel works on meanwhile, and has the CPUs back
# after each: the same partition is used for all.
#
# PARKER_LONG=1  all ways, not only one of each kind

. "$(dirname "$0")/lib.sh"

# dies COMMAND STATE REASON WORDS [PARAMETERS]: the globs and words that must come
dies()
{
	load kst-a "panic=0 ${5:-} parker.app=do parker.do=$1" && start kst-a &&
		wait_state kst-a crashed stopped || return
	cannot && return 4
	note "$(cat kst-a/reason)"
	is_state kst-a "$2" && like "$(cat kst-a/reason)" "$3" &&
		grep -q "$4" kst-a/console || return
	pk write kst-a/state kill
	is_state kst-a stopped
}

cannot()
{
	grep -q "app: cannot die" kst-a/console
}

# way DESCRIPTION COMMAND STATE REASON WORDS [PARAMETERS]
way()
{
	local desc="$1"

	shift
	check_or_skip "the application kernel lacks a debug option" "$desc" dies "$@" ||
		pk write kst-a/state kill
}

# long way|check DESCRIPTION ...: what others stand for in a short run
long()
{
	if [ "${PARKER_LONG:-0}" = 0 ]; then
		ktap_test_skip "$2: PARKER_LONG is not set"
	else
		"$@"
	fi
}

# Before init there is nobody who could be asked.
dies_early()
{
	load kst-a "panic=0 parker.die=early" && start kst-a && wait_state kst-a crashed &&
		same "$(cat kst-a/reason)" "panic: test before the report" &&
		grep -q "end Kernel panic" kst-a/console && pk write kst-a/state kill
}

dies_when_asked()
{
	up kst-a spite panic=1 && pk write kst-a/state stop && is_state kst-a stopping &&
		wait_state kst-a crashed stopped && is_state kst-a crashed &&
		like "$(cat kst-a/reason)" "panic: sysrq triggered crash" || return
	# It was asked to end, so it is not started again.
	pk poll kst-a/state 3 booting running >/dev/null
	is_state kst-a crashed && pk write kst-a/state kill
}

# A file that is packed well: the initrd fits into memory, what is in it does not.
unpacks_too_much()
{
	mkdir "$TMP/much" &&
		dd if=/dev/zero of="$TMP/much/zeroes" bs=1M count=400 2>/dev/null || return
	(cd "$TMP/much" && find . | cpio -o -H newc 2>/dev/null) | gzip >"$TMP/much.gz"
	rm -r "$TMP/much"
	pk load "$(id_of kst-a)" "$KERNEL" "$TMP/much.gz" panic=0 && start kst-a &&
		wait_state kst-a crashed && rm "$TMP/much.gz" &&
		like "$(cat kst-a/reason)" "panic: *; the initrd could not be unpacked: *" &&
		pk write kst-a/state kill
}

# Sooner or later it reports what cannot be; until then it may report anything.
scribbles()
{
	load kst-a "panic=0 parker.app=do parker.do=die,scribble" && start kst-a &&
		wait_state kst-a crashed stopped && fails cannot || return
	note "$(cat kst-a/reason)"
	cat kst-a/console >"$TMP/console" && cat kst-a/stat >/dev/null || return
	[ "$(state kst-a)" = stopped ] || cat kst-a/vmcore >/dev/null || return
	pk write kst-a/state kill
}

scribbles_again()
{
	for _ in $(seq "$1"); do
		scribbles || return
	done
}

backs_off()
{
	pk write kst-a/on_crash restart && load kst-a "panic=0 parker.app=crash" && start kst-a ||
		return
	for seconds in 1 2 4; do
		wait_reason kst-a "panic: sysrq triggered crash; restart in $seconds s" || return
	done
	pk write kst-a/state kill && pk write kst-a/on_crash stay
}

# It is started again at once, and does the same again.
reboots()
{
	load kst-a "panic=0 parker.app=do parker.do=$1" && start kst-a &&
		wait_reason kst-a rebooting && pk write kst-a/state kill && is_state kst-a stopped
}

setup
need 3 512
plan 27
make kst-a "$(pick 2)" 384M || die "no partition"
works "$(first_cpu)"
pk write kst-a/watchdog 3

way "a panic in a process" lkdtm,PANIC crashed "panic: dumptest" "end Kernel panic"
way "in a softirq" die,softirq crashed "panic: test in a softirq" "end Kernel panic"
way "in a hard interrupt" die,hardirq crashed "panic: test in a hardirq" "end Kernel panic"
way "in an NMI" die,nmi crashed "panic: test in an NMI" "end Kernel panic"
check "before it reports" dies_early
check "its initrd does not fit when it is unpacked" unpacks_too_much
way "an oops, with oops=panic" lkdtm,EXCEPTION crashed "panic: Fatal exception" "Oops: " oops=panic
long way "a BUG, with oops=panic" lkdtm,BUG crashed "panic: Fatal exception" \
	"kernel BUG at" oops=panic
way "an overflow of the stack" lkdtm,EXHAUST_STACK crashed \
	"panic: Fatal exception in interrupt" "stack guard page was hit"
way "no memory, with panic_on_oom" panic_on_oom crashed "panic: Out of memory*" "end Kernel panic"
way "all CPUs spin without interrupts" die,spin crashed "no heartbeat for 3 s" "app: ready"
way "no heartbeat, all else goes on" die,heart crashed "no heartbeat for 3 s" "app: ready"
way "a panic with one of its CPUs offline" crash_without_a_cpu crashed \
	"panic: sysrq triggered crash" "app: cpus 0$"
check "a panic when it is asked to power off" dies_when_asked
long way "the end of init" exit,3 crashed "panic: Attempted to kill init*" "end Kernel panic"
check "sysrq b: it is started again" reboots "echo,b>/proc/sysrq-trigger"
way "sysrq o" "echo,o>/proc/sysrq-trigger" stopped "powered off" "app: ready"
long way "poweroff" plainly,poweroff stopped "powered off" "app: powering off"
long check "reboot: likewise" reboots plainly,reboot
long way "halt" plainly,halt stopped "halted" "app: halting"
long way "poweroff -f" poweroff,-f stopped "powered off" "app: ready"
long way "halt -f" halt,-f stopped "halted" "app: ready"
check "nonsense in its reports and its console" scribbles
long check "again and again" scribbles_again 20
check "who crashes again and again waits longer and longer" backs_off
check "the boot kernel's own work was not disturbed" worked_on
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
