#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A CPU that does not prove that it has stopped is never used again, nor is the
# memory that it may write to. A debug switch makes the boot kernel deaf to a CPU.
#
# PARKER_DOOMED=1  this machine restarts afterwards

. "$(dirname "$0")/lib.sh"

UNHEARD=/sys/kernel/debug/parker/unheard
SCRUB=/sys/kernel/debug/parker/scrub

unheard()
{
	pk write $UNHEARD "$1"
}

# quarantined CPUS MIB: all that is
quarantined()
{
	local cpus

	cpus=$(sed -n 's/^quarantined cpus \([^ ]*\) .*/\1/p' available)
	same "$cpus" "$(expand "$1" | collapse)" &&
		same "$(grep -o 'memory [0-9]*$' available)" "memory $(($2 << 20))"
}

none_available()
{
	local cpu

	for cpu in $(expand "$1"); do
		fails has_cpu "$(available_cpus)" "$cpu" || return
	done
}

ends_in_quarantine()
{
	unheard "$CPU_A" || return
	pk write kst-a/state kill EIO
	unheard ""
	is_state kst-a quarantined &&
		like "$(cat kst-a/reason)" "CPUs $CPU_A could not be proved stopped; *(killed)" &&
		log_since | grep -q "parker: CPUs $CPU_A could not be stopped"
}

console_is_kept()
{
	grep -q "app: ready" kst-a/console
}

# Another partition can have neither its CPU nor its memory.
gets_nothing_of_it()
{
	none_available "$CPU_A" || return
	make kst-c "$(pick 1)" 256M || return
	fails awk 'NR == FNR { start[$1]; next } $1 in start { found = 1 } END { exit !found }' \
		kst-a/memory kst-c/memory && up kst-c && remove kst-c
}

# What was loaded for a reboot is gone, so that no user space ends in vain.
no_next_kernel()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		own_is 0 >/dev/null && break
		sleep 1
	done
	own_is 0 && fails own_load && own_is 0 &&
		log_since | grep -q "no kexec while CPUs $CPU_A are quarantined"
}

# It does not sign in when it is claimed: nobody's then.
claim_fails()
{
	unheard "$CPU_B" || return
	pk write kst-b/cpus "$CPU_B" EIO
	unheard ""
	same "$(cat kst-b/cpus)" "" && is_sentence "$(cat kst-b/last_error)" &&
		none_available "$CPU_B"
}

# It starts or not, nobody knows.
start_fails()
{
	pk write kst-b/cpus "$CPU_B" && load kst-b && unheard "$CPU_B" || return
	pk write kst-b/state start EIO
	unheard ""
	is_state kst-b quarantined && like "$(cat kst-b/reason)" "*(start failed)"
}

# A write to an MSR that is a fault: the CPU halts there.
faults()
{
	pk write $SCRUB "0xc0010117 1" || return
	pk write kst-d/cpus "$CPU_D" EIO
	pk write $SCRUB on
	none_available "$CPU_D" && log_since | grep -q "CPU $CPU_D could not write MSR 0xc0010117"
}

setup
[ "${PARKER_DOOMED:-0}" != 0 ] || skip_all "what it takes is gone until a restart: PARKER_DOOMED=1"
[ -w $UNHEARD ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
[ -w $UNHEARD ] || skip_all "this kernel has no CONFIG_PARKER_DEBUG"
"$KEXEC" --version >/dev/null 2>&1 || skip_all "no kexec: set PARKER_KEXEC"
need 5 1024
plan 21
CPU_A=$(pick 1)
make kst-a "$CPU_A" 256M && up kst-a || die "no partition"
check "an image for a reboot is loaded" own_load

check "a CPU that is not heard ends in quarantine" ends_in_quarantine
check "it is shown in available, with the memory" quarantined "$CPU_A" 256
check "its last words can be read" console_is_kept
# All of it is refused: the partition and its files stay as they are.
refuse EIO "*quarantine*" kst-a "its CPUs" pk write kst-a/cpus ""
refuse EIO "*quarantine*" kst-a "its memory" pk write kst-a/memory 0
refuse EIO "*quarantine*" kst-a "a load" load kst-a ""
refuse EIO "*quarantine*" kst-a "a start" pk write kst-a/state start
refuse EIO "*quarantine*" kst-a "a stop" pk write kst-a/state stop
refuse EIO "*quarantine*" kst-a "a kill" pk write kst-a/state kill
refuse EBUSY "*quarantine*" . "its removal" pk rmdir kst-a
refuse EBUSY "*quarantine*" . "its CPU elsewhere" pk write create "kst-b cpus=$CPU_A memory=256M"
check "another partition gets nothing of it" gets_nothing_of_it
check "no other kernel follows this one" no_next_kernel
check "a crash kernel would" eval 'crash_load && crash_unload'

CPU_B=$(pick 1)
pk mkdir kst-b && pk write kst-b/memory 256M || die "no partition"
check "a CPU that is not heard when it is claimed" claim_fails
check "is shown in available, too" quarantined "$CPU_A,$CPU_B" 256
CPU_C=$CPU_B
CPU_B=$(pick 1)
check "one that is not heard when it is started" start_fails
check "takes the memory with it" quarantined "$CPU_A,$CPU_C,$CPU_B" 512
CPU_D=$(pick 1)
pk mkdir kst-d || die "no partition"
check "one that cannot write an MSR is not used" faults
check "no warning" log_clean
trap - EXIT
finish
