#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The init of the application kernels that the tests start: says what it has,
# then does what parker.app=ACTION of the command line names.
#
#   idle      nothing, which is the default
#   poweroff  halt  reboot  crash (panic)  hang (interrupts off)  exit (of init)
#   deaf      idle, but does not power off when it is asked to
#   hotplug   takes its CPUs offline and online again
#   irqs      prints its interrupt counts, once a second
#   storm     makes its CPUs interrupt each other, parker.storm=COUNT times
#   busy      keeps its CPUs busy
#   kexec     tries to start /extra/kernel by an ordinary kexec

export PATH=/bin
# By its whole name, as /proc is not there yet to tell its place.
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev 2>/dev/null
# A console that is no terminal cannot be opened.
(: >/dev/console) 2>/dev/null || exec >/dev/kmsg 2>&1

say()
{
	echo "app: $*"
}

argument()
{
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1
}

cpus_online()
{
	cat /sys/devices/system/cpu/online
}

# Signals that poweroff(8), halt(8) and reboot(8) send to init.
trap 'say powering off; poweroff -f' USR2
trap 'say halting; halt -f' USR1
trap 'say rebooting; reboot -f' TERM

idle()
{
	while :; do
		sleep 3600 &
		wait $!
	done
}

hang()
{
	mount -t debugfs none /sys/kernel/debug
	echo HARDLOCKUP >/sys/kernel/debug/provoke-crash/DIRECT || say "cannot hang"
}

set_cpu()
{
	echo "$2" >"$1/online" && [ "$(cat "$1/online")" = "$2" ] && return
	say "hotplug failed: $1 not $2"
	return 1
}

hotplug()
{
	before=$(cpus_online)
	for round in 1 2 3; do
		for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
			[ -f "$cpu/online" ] || continue
			set_cpu "$cpu" 0 && set_cpu "$cpu" 1 || return
		done
	done
	[ "$(cpus_online)" = "$before" ] && say "hotplug ok, $round rounds"
}

# One line for each kind that has occurred, summed up over the CPUs.
irqs()
{
	count=0
	while :; do
		count=$((count + 1))
		say "irqs $count begin"
		awk 'NR == 1 { cpus = NF; next }
		     { sum = 0; for (i = 2; i <= cpus + 1; i++) sum += $i }
		     sum { sub(":", "", $1); print "app: irq", $1, sum }' /proc/interrupts
		say "irqs $count end"
		sleep 1 &
		wait $!
	done
}

storm()
{
	say "storm begin"
	say "storm end, $(pk storm membarrier "$(argument parker.storm)")"
}

busy()
{
	pk spin 3600 "$(cpus_online)" &
}

try_kexec()
{
	pk kexec /extra/kernel | while read -r line; do
		say "kexec $line"
	done
}

say "release $(uname -r)"
say "cpus $(cpus_online)"
say "memory $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) kB"
say "cmdline $(cat /proc/cmdline)"
say "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
say "seconds $(date +%s)"
awk '/System RAM/ { print "app: ram", $1 }' /proc/iomem
say "ready"

case $(argument parker.app) in
poweroff) poweroff -f ;;
halt) halt -f ;;
reboot) reboot -f ;;
crash) echo c >/proc/sysrq-trigger ;;
exit) exit 3 ;;
hang) hang ;;
deaf) trap '' USR2 ;;
hotplug) hotplug ;;
irqs) irqs ;;
storm) storm ;;
busy) busy ;;
kexec) try_kexec ;;
esac
idle
