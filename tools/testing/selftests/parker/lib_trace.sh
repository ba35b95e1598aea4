# SPDX-License-Identifier: GPL-2.0
# The trace of Parker's events, in a buffer of its own, so that nobody else's tracing is
# disturbed. In one clock with the stamps of the application kernel. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

TRACING=/sys/kernel/tracing
TRACE=$TRACING/instances/kst

begin_trace()
{
	mkdir $TRACE && echo x86-tsc >$TRACE/trace_clock && echo 1 >$TRACE/events/parker/enable
}

end_trace()
{
	[ ! -d $TRACE ] || rmdir $TRACE
}
