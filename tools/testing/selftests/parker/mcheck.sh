#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A machine check that reaches all CPUs of the machine ends no kernel but that of the CPU
# which has the error. The host injects them.

. "$(dirname "$0")/lib.sh"

# Of a scrubber that found an error in memory: without and with its address. And of a CPU
# that cannot go on.
SCRUB=0xb1000000000000c0
SCRUB_AT=0xbd000000000000c0
FATAL=0xb200000000000000
# Emulated CPUs may take longer than a second to meet, in microseconds
MEET=60000000
RENDEZVOUS=/sys/devices/system/machinecheck/machinecheck0/monarch_timeout

# Machine checks that CPUs of the boot kernel have taken
taken()
{
	awk '$1 == "MCE:" { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum + 0 }' \
		/proc/interrupts
}

taken_is()
{
	[ "$(taken)" = "$1" ]
}

# meanwhile COMMAND...: until it succeeds, within the limit
meanwhile()
{
	local end=$(($(cut -d . -f 1 /proc/uptime) + LIMIT))

	until "$@"; do
		[ "$(cut -d . -f 1 /proc/uptime)" -lt "$end" ] || return
	done
}

# broadcast CPU STATUS [ADDRESS]: an error of one CPU, a machine check of all, which each
# CPU of the boot kernel takes
broadcast()
{
	local want answer

	want=$(($(taken) + $(nr_cpus "$(online)")))
	answer=$(host monitor "mce -b $1 2 $2 5 ${3:-0} 0x86")
	same "$answer" "" && meanwhile taken_is $want && return
	note "machine checks: $(taken), not $want"
	return 1
}

# app_took NAME NUMBER: machine checks that its CPUs have taken, and it runs on
app_took()
{
	wait_text "$1" "app: irq MCE $2" && is_state "$1" running
}

# live_on ROUND: both kernels do after so many machine checks
live_on()
{
	app_took kst-a $((2 * $1)) && app_took kst-b "$1"
}

# It is for the kernel that has the memory to do something about it.
error_of_a()
{
	local address

	address=$(($(sed -n '1s/-.*//p' kst-a/memory) + (64 << 20)))
	broadcast "${A%%[-,]*}" $SCRUB_AT "$(printf '0x%x' $address)" && live_on 1 &&
		wait_text kst-a "Memory failure: $(printf '0x%x' $((address >> 12)))" &&
		fails grep -q "Memory failure" kst-b/console
}

error_of_the_boot_kernel()
{
	broadcast "$(expand "$(online)" | tail -n 1)" $SCRUB && live_on 3
}

# With LMCE the CPU says that it alone got the machine check.
local_error_of_a()
{
	local before

	before=$(taken)
	same "$(host monitor "mce ${A%%[-,]*} 2 $SCRUB 13 0 0x86")" "" && app_took kst-a 7 &&
		taken_is "$before" && same "$(says kst-b "irq MCE")" 3
}

fatal_error_of_b()
{
	broadcast "$B" $FATAL && wait_state kst-b crashed &&
		like "$(cat kst-b/reason)" "panic: Fatal machine check*" && app_took kst-a 9
}

# Its CPU died in a machine check, and is parked.
error_after_death()
{
	broadcast "${A%%[-,]*}" $SCRUB && app_took kst-a 11 && is_state kst-b crashed
}

# The boot kernel clears what the error left when it has the CPU back.
b_lives_again()
{
	pk write kst-b/state kill && pk write kst-b/cpus "" && pk write kst-b/cpus "$B" &&
		start kst-b && wait_state kst-b running && wait_text kst-b "app: irqs 1 end" &&
		broadcast "${A%%[-,]*}" $SCRUB && app_took kst-b 1 && is_state kst-a running
}

setup
grep -q "^vendor_id.*GenuineIntel" /proc/cpuinfo ||
	[ -n "${PARKER_INTEL:-}" ] || skip_all "needs CPUs that broadcast machine checks"
[ -w $RENDEZVOUS ] || skip_all "this kernel has no CONFIG_X86_MCE"
need_host
need 4 768
plan 9
echo $MEET >$RENDEZVOUS

# Without a restart after a panic, as the log of an earlier boot asks for one.
PARAMETERS="mce=$MEET mce=nobootlog"
C=$(pick 1) && make kst-c "$C" 2M && B=$(pick 1) && make kst-b "$B" 256M &&
	A=$(pick 2) && make kst-a "$A" 256M || die "no partitions"
for NAME in kst-a kst-b; do
	pk write $NAME/watchdog 0
	up $NAME irqs "$PARAMETERS" || die "$NAME does not run"
done

check "an error of an application kernel's CPU ends no kernel" error_of_a
check "nor does one of a parked CPU" eval 'broadcast "$C" $SCRUB && live_on 2'
check "nor one of the boot kernel's CPU" error_of_the_boot_kernel
check "a local one interrupts that kernel only" local_error_of_a
check "a fatal one ends the kernel of that CPU" fatal_error_of_b
check "that CPU does not end the machine at the next one" error_after_death
check "given back and taken again, it is as good as before" b_lives_again
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
