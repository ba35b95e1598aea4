#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The trace events: each state that a partition enters, and each step.

. "$(dirname "$0")/lib.sh"

TRACING=/sys/kernel/tracing

# A buffer of its own, so that nobody else's tracing is disturbed.
begin_trace()
{
	mkdir $TRACING/instances/kst && echo 1 >$TRACING/instances/kst/events/parker/enable
}

end_trace()
{
	[ ! -d $TRACING/instances/kst ] || rmdir $TRACING/instances/kst
}

# traced EVENT FIELDS: the lines of the event, in short
traced()
{
	sed -n "s/.* parker_$1: name=kst-a $2=\([a-z]*\) .*/\1/p" $TRACING/instances/kst/trace |
		tr '\n' ' '
}

lives()
{
	make kst-a "$(pick 1)" 256M && up kst-a && pk write kst-a/state kill && remove kst-a
}

fails_one_step()
{
	make kst-a "$(pick 1)" 4M && load kst-a && pk write kst-a/state start ENOMEM &&
		grep -q "name=kst-a step=build usec=[0-9]* result=-12" $TRACING/instances/kst/trace
}

setup
[ -d $TRACING/instances ] || skip_all "no tracefs is mounted at $TRACING"
[ -d $TRACING/events/parker ] || skip_all "this kernel has no trace events"
need 1 256
plan 5
end_trace
trap 'end_trace; cleanup' EXIT
check "the events are turned on" begin_trace
check "a partition lives and dies" lives
check "its states" same "$(traced state state)" "loaded booting running stopped "
# A kernel without CONFIG_PARKER_PCI has none for devices.
check "its steps" same "cpus memory build kick park memory cpus " \
	"$(traced step "step" | sed 's/devices //g')"
check "a step that fails, with its error" fails_one_step
remove_all
finish
