// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: what is traced, see include/trace/events/parker.h.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/parker.h>

/**
 * parker_step_begin() - Trace that a step of an operation begins
 * @name:	the partition's name
 * @step:	what is done
 *
 * Context: any.
 * Return: the time, for parker_step_end().
 */
ktime_t parker_step_begin(const char *name, const char *step)
{
	trace_parker_begin(name, step);
	return ktime_get();
}

/**
 * parker_step_end() - Trace that it has ended
 * @name:	the partition's name
 * @step:	what was done
 * @begin:	what parker_step_begin() returned
 * @result:	0 or a negative errno
 *
 * Context: any.
 * Return: @result.
 */
int parker_step_end(const char *name, const char *step, ktime_t begin, int result)
{
	trace_parker_step(name, step, begin, result);
	return result;
}

/**
 * parker_trace_state() - Trace that a partition enters a state
 * @name:	its name
 * @state:	name of the state
 * @reason:	how it came about
 *
 * Context: any.
 */
void parker_trace_state(const char *name, const char *state, const char *reason)
{
	trace_parker_state(name, state, reason);
}

/**
 * parker_trace_stamps() - Trace what an application kernel says of its own times
 * @name:	the partition's name
 * @stamps:	a copy of the stamps, any values
 * @traced:	those that were traced before; becomes a copy of @stamps
 *
 * Context: any.
 */
void parker_trace_stamps(const char *name, const u64 *stamps, u64 *traced)
{
	static const char * const names[] = {
		[PARKER_STAMP_ENTRY]	= "entry",
		[PARKER_STAMP_CONSOLE]	= "console",
		[PARKER_STAMP_UP]	= "up",
		[PARKER_STAMP_USER]	= "user",
	};

	static_assert(ARRAY_SIZE(names) == PARKER_NR_STAMPS);

	for (unsigned int i = 0; i < PARKER_NR_STAMPS; i++) {
		if (stamps[i] == traced[i])
			continue;
		traced[i] = stamps[i];
		trace_parker_stamp(name, names[i], stamps[i]);
	}
}
