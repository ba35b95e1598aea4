#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A guarded life on whatever CPUs the machine has: what an ordinary kernel and its
# programs do is let through or refused as hardware would, and never ends the kernel.
#
# PARKER_LIVES    how often it is killed and started again, 2 when not set
# PARKER_GUARD=1  it is a failure if this machine cannot guard

. "$(dirname "$0")/lib.sh"

LIVES=${PARKER_LIVES:-2}

stat_of()
{
	field kst-a/stat "$1"
}

# It runs, and its guard has nothing to say.
lives()
{
	note "$(sed -n 's/^app: trick \(.*\)/\1/p' kst-a/console | grep -cx '.*: ok .*') tricks ok"
	note "violations $(stat_of violations), msrs_refused $(stat_of msrs_refused)"
	is_state kst-a running && same "$(stat_of violations)" 0
}

works_inside()
{
	up kst-a tricks && wait_text kst-a "app: tricks end" && lives
}

tricks_work()
{
	sed -n 's/^app: trick \(.*: failed.*\)/# \1/p' kst-a/console
	like "$(says kst-a "tricks as a user ended with")" 0
}

# Events of interrupts and of the scheduler, of which each reader is woken by an interrupt.
is_traced()
{
	note "$(says kst-a traced) lines of trace_pipe"
	[ "$(says kst-a traced)" -gt 10 ]
}

prints_from_interrupts()
{
	same "$(says kst-a printed)" 2
}

lives_again()
{
	for _ in $(seq "$LIVES"); do
		pk write kst-a/state kill && is_state kst-a stopped && up kst-a && lives || return
	done
}

crashes()
{
	pk write kst-a/state kill && load kst-a "parker.app=crash" && start kst-a &&
		wait_state kst-a crashed stopped && is_state kst-a crashed &&
		like "$(cat kst-a/reason)" "*sysrq triggered crash*" &&
		same "$(stat_of violations)" 0 && pk write kst-a/state kill
}

setup
need_guard
need 2 256
plan 8
note "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
make kst-a "$(pick 2)" 256M && pk write kst-a/isolation guarded || die "no partition"
check "it works, and nothing is a violation" works_inside
check "nothing that a user tries ends it" tricks_work
check "trace_pipe can be read" is_traced
check "interrupts can print" prints_from_interrupts
check "its CPUs go offline and online" grep -q "^app: hotplug ok" kst-a/console
check "killed and started $LIVES times, it works" lives_again
check "it crashes as any other" crashes
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
