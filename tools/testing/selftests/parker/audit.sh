#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lives of an application kernel that somebody watches from outside of the machine: one
# that does all that an ordinary system does, one for each way to end, one that does
# what it must not, and one that tries this in a guarded partition. Marks tell who watches
# which CPUs, memory and devices are the partition's, and when:
#
#   cpu N APIC-ID          said by that CPU, of each CPU of the machine
#   own cpu N              and from here on of the partition
#   own memory FIRST LAST
#   own device FIRST LAST
#   begin NAME, end        meanwhile the partition has them
#
# It is no test that a runner could run: who watches, judges. PARKER_FILES is a cpio with
# what the application kernel has beside its init: its modules, stress-ng, perf.

. "$(dirname "$0")/lib.sh"

DEVICE=0000:00:08.0
SECONDS_EACH=${PARKER_SECONDS:-3}
ATTACKS=${PARKER_ATTACKS:-1000}

mark()
{
	pk mark 0 "$*" || die "no mark"
}

tell_cpus()
{
	local cpu

	for cpu in $(expand "$(online)"); do
		pk mark "$cpu" "cpu $cpu $(awk -v cpu="$cpu" '/^processor/ { this = $3 == cpu }
			this && /^apicid/ { print $3 }' /proc/cpuinfo)"
	done
}

# Its memory BARs; and its page of what configures PCI.
tell_device()
{
	local first last flags bus number ecam

	while read -r first last flags; do
		[ $(($flags & 0x200)) = 0 ] || mark "own device $first $last"
	done <"/sys/bus/pci/devices/$DEVICE/resource"
	ecam=0x$(sed -n 's/^ *\([0-9a-f]*\)-.*PCI [MMCONFIGEA]* 0000 .bus 00.*/\1/p' /proc/iomem)
	number=$(($ecam + (8 << 15)))
	mark "own device $(printf '0x%x 0x%x' $number $(($number + 4095)))"
}

# Hexadecimal, as the kernel says it
tell_memory()
{
	local first last

	sed 's/ .*//; s/-/ /' kst-a/memory | while read -r first last; do
		mark "own memory $first $last"
	done
}

# The slot below 1 MiB that the boot kernel has lent it, as its kernel has it.
tell_low()
{
	tr -d '\r' <kst-a/console |
		sed -n 's/^app: ram \(000[0-9a-f]*\)-\(000[0-9a-f]*\)$/\1 \2/p' |
		sort -u | while read -r first last; do
			mark "own memory 0x$first 0x$last"
		done
}

# life NAME COMMAND_LINE
life()
{
	load kst-a "loglevel=4 ${PARKER_ARGS:-} $2" || die "not loaded"
	mark "begin $1 boot"
	start kst-a && wait_state kst-a running crashed stopped &&
		wait_text kst-a "app: ready" || die "not running"
	tell_low
	mark "begin $1"
}

# Its CPUs are parked again.
over()
{
	mark end
	note "$1: $(state kst-a): $(cat kst-a/reason)"
}

setup
need 4 768
[ ! -r "${PARKER_FILES:-}" ] || cat "$PARKER_FILES" >>"$INITRD"
LIMIT=600
tell_cpus
CPUS=$(pick 4)
[ ! -e /sys/bus/pci/devices/$DEVICE ] || tell_device
pk write create "kst-a cpus=$CPUS memory=768M devices=$DEVICE" || die "no partition"
for cpu in $(expand "$CPUS"); do
	mark "own cpu $cpu"
done
tell_memory
# Each instruction is looked at, which takes its time.
pk write kst-a/boot_timeout 600
pk write kst-a/watchdog 60

life all "parker.app=audit parker.seconds=$SECONDS_EACH"
for part in load_modules hotplug use_perf stress; do
	wait_text kst-a "app: audit $part" || die "it does not get to $part"
	mark "begin $part"
done
wait_text kst-a "app: audit end" || die "it does not end"
mark "begin poweroff"
pk write kst-a/state stop && wait_state kst-a stopped crashed
over poweroff
tr -d '\r' <kst-a/console | grep -E "^app: |parker: |WARNING|BUG|Oops"

life crash "parker.app=crash" && wait_state kst-a crashed
over crash
life reboot "parker.app=reboot"
for _ in $(seq "$LIMIT"); do
	[ "$(field kst-a/stat restarts)" = 0 ] || break
	sleep 1
done
[ "$(field kst-a/stat restarts)" -gt 0 ] || die "it does not restart"
wait_state kst-a running
pk write kst-a/state kill
over reboot
life halt "parker.app=halt" && wait_state kst-a stopped
over halt
life busy "parker.app=busy" && sleep 2 && pk write kst-a/state kill
over kill

life trespass "parker.app=trespass" && wait_text kst-a "app: trespass end"
mark "begin trespass after"
pk write kst-a/state kill
over trespass
tr -d '\r' <kst-a/console | grep "^app: trespass"

pk write kst-a/isolation guarded && pk write kst-a/on_violation log || die "not guarded"
life guarded "parker.app=attacks parker.count=$ATTACKS" &&
	wait_text kst-a "app: attacks end" || die "the attacks do not end"
is_state kst-a running || die "it did not live through its attacks"
mark "begin guarded after"
note "attacks: $(field kst-a/stat violations)"
pk write kst-a/state kill
over attacks
remove_all
log_clean && cpus_back && note "audit done"
