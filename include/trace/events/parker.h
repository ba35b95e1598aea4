/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM parker

#if !defined(_TRACE_PARKER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PARKER_H

#include <linux/ktime.h>
#include <linux/tracepoint.h>

/* A partition enters a state. */
TRACE_EVENT(parker_state,
	    TP_PROTO(const char *name, const char *state, const char *reason),
	    TP_ARGS(name, state, reason),
	    TP_STRUCT__entry(__string(name, name)
			     __string(state, state)
			     __string(reason, reason)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(state);
			   __assign_str(reason);),
	    TP_printk("name=%s state=%s reason=\"%s\"",
		      __get_str(name), __get_str(state), __get_str(reason))
);

/* One step of an operation begins. A step can consist of others. */
TRACE_EVENT(parker_begin,
	    TP_PROTO(const char *name, const char *step),
	    TP_ARGS(name, step),
	    TP_STRUCT__entry(__string(name, name)
			     __string(step, step)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(step);),
	    TP_printk("name=%s step=%s", __get_str(name), __get_str(step))
);

/* It has ended, well or not. */
TRACE_EVENT(parker_step,
	    TP_PROTO(const char *name, const char *step, ktime_t begin, int result),
	    TP_ARGS(name, step, begin, result),
	    TP_STRUCT__entry(__string(name, name)
			     __string(step, step)
			     __field(s64, usec)
			     __field(int, result)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(step);
			   __entry->usec = ktime_us_delta(ktime_get(), begin);
			   __entry->result = result;),
	    TP_printk("name=%s step=%s usec=%lld result=%d",
		      __get_str(name), __get_str(step), __entry->usec, __entry->result)
);

/* What an application kernel says of when it did something first. Not to be trusted. */
TRACE_EVENT(parker_stamp,
	    TP_PROTO(const char *name, const char *stamp, u64 tsc),
	    TP_ARGS(name, stamp, tsc),
	    TP_STRUCT__entry(__string(name, name)
			     __string(stamp, stamp)
			     __field(u64, tsc)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(stamp);
			   __entry->tsc = tsc;),
	    TP_printk("name=%s stamp=%s tsc=%llu",
		      __get_str(name), __get_str(stamp), __entry->tsc)
);

#endif /* _TRACE_PARKER_H */

#include <trace/define_trace.h>
