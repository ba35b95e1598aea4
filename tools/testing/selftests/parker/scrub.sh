#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What one owner of a CPU leaves in its registers, the next one does not find: a kernel
# tells which registers it found in use, writes a pattern to each, and which of them hold
# it. The next kernel on that CPU must find none of these. With the scrubbing switched off
# it must: only what it finds then is shown to be cleared.
#
# PARKER_GUARD=1  it is a failure if this machine cannot guard

. "$(dirname "$0")/lib.sh"

DEBUG=/sys/kernel/debug/parker

# owner ARGS...: one kernel's life on that CPU; what it tells is in its console
owner()
{
	pk load "$(id_of kst-a)" "$HERE/payload" - "$*" && start kst-a &&
		wait_state kst-a stopped crashed && is_state kst-a stopped
}

# told VERB: what the last kernel said so of
told()
{
	sed -n "s/^$1 //p" kst-a/console | sort | xargs
}

finds_what_was_left()
{
	local held

	echo off >$DEBUG/scrub && owner "$@" && held=$(told holds) && owner "$@" || return
	note "holds $held"
	SHOWN=$(told found)
	[ -n "$SHOWN" ] && same "$SHOWN" "$held"
}

finds_nothing()
{
	echo on >$DEBUG/scrub && owner "$@" && note "holds $(told holds)" && owner "$@" &&
		same "$(told found)" ""
}

# In a partition of its own, after the boot kernel had the CPU
goes_round()
{
	owner "$@" && pk write kst-a/cpus "" && pk write kst-a/cpus "$CPU" && owner "$@" &&
		same "$(told found)" ""
}

setup
[ -w $DEBUG/scrub ] || skip_all "needs CONFIG_PARKER_DEBUG"
[ -r "$HERE/payload" ] || skip_all "the payload is not built"
need 2 64
plan 7
CPU=$(pick 1)
make kst-a "$CPU" 16M || die "no partition"

check "without scrubbing, the next owner finds what was left" finds_what_was_left registers msrs
check "it finds nothing" finds_nothing registers msrs
check "nothing after the boot kernel had it" goes_round registers msrs
if can_guard || [ -n "${PARKER_GUARD:-}" ]; then
	pk write kst-a/isolation guarded || die "it is not guarded"
	check "guarded, without scrubbing: it finds what was left" finds_what_was_left registers
	check "guarded: it finds nothing" finds_nothing registers
	check "guarded: nothing after the boot kernel had it" goes_round registers
else
	for row in "what was left" nothing "nothing after the boot kernel"; do
		ktap_test_skip "guarded: $row: $(grep "isolation guarded" available)"
	done
fi
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
