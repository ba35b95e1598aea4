#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rt-work.sh LABEL SECONDS CPUS: what a real-time kernel is measured with, in each of
# the kernels: cyclictest, and osnoise where the kernel has it. Prints lines that begin
# with "rt: LABEL". The programs and their libraries lie beside it.
#
# rt-work.sh hog SECONDS CPUS: keeps the CPUs from all ordinary work for so long.

HERE=$(cd "$(dirname "$0")" && pwd)
TRACE=/sys/kernel/tracing
label=$1 seconds=$2 cpus=$3

run()
{
	program=$1
	shift
	"$HERE/ld-linux-x86-64.so.2" --library-path "$HERE" "$HERE/$program" "$@"
}

# put FILE VALUE: until the end
put()
{
	[ -e "$1" ] || return 0
	before="$before$1 $(cat "$1") "
	echo "$2" >"$1"
}

put_back()
{
	# shellcheck disable=SC2086
	set -- $before
	while [ $# -ge 2 ]; do
		echo "$2" >"$1"
		shift 2
	done
}

# Tasks of real-time priority may run as long as they like: neither the throttling
# nor the server for ordinary tasks comes in between.
unthrottle()
{
	before=
	trap put_back EXIT
	put /proc/sys/kernel/sched_rt_runtime_us -1 || return
	mount -t debugfs none /sys/kernel/debug 2>/dev/null
	for cpu in $(seq -s ' ' "${cpus%%-*}" "${cpus##*-}"); do
		put "/sys/kernel/debug/sched/fair_server/cpu$cpu/runtime" 0 || return
	done
}

nr_cpus()
{
	echo "$1" | tr ',' '\n' | awk -F- '{ n += $NF - $1 + 1 } END { print n }'
}

# Bins of powers of two; their names are the latencies that they begin with.
cyclic()
{
	run cyclictest -q -m -p 95 -i 1000 -t "$(nr_cpus "$cpus")" -a "$cpus" -D "$seconds" \
		-h 200000 >/tmp/histogram 2>/tmp/said || { cat /tmp/said; return 1; }
	awk -v l="$label" '
		/^[0-9]/ { for (i = 2; i <= NF; i++) sum += $i
			if (!sum)
				next
			for (bin = 1; bin * 2 <= $1; bin *= 2);
			count[bin] += sum
			sum = 0 }
		/^# (Avg|Max) Latencies/ { max = 0
			for (i = 4; i <= NF; i++) if ($i + 0 > max) max = $i + 0
			print "rt:", l, tolower($2), max }
		/^# Histogram Overflows/ { for (i = 4; i <= NF; i++) count[262144] += $i }
		END { for (bin = 1; bin <= 262144; bin *= 2)
			print "rt:", l, "bin", bin, count[bin] + 0 }
		' /tmp/histogram
}

# Of a second each, on all CPUs.
osnoise()
{
	mount -t tracefs none $TRACE 2>/dev/null
	grep -qw osnoise $TRACE/available_tracers 2>/dev/null || return 0
	echo "$cpus" >$TRACE/osnoise/cpus
	echo osnoise >$TRACE/current_tracer
	sleep "$seconds"
	echo 0 >$TRACE/tracing_on
	sed -n 's/.*\[[0-9]*\][^:]*: //p' $TRACE/trace | awk -v l="$label" '
		$1 >= 100000 { n++; part += $3; if ($4 > max) max = $4 }
		END { printf "rt: %s osnoise periods %d available %.2f max %d\n",
			l, n, n ? part / n : 0, max }'
	echo nop >$TRACE/current_tracer
	echo 1 >$TRACE/tracing_on
}

mkdir -p /tmp
unthrottle || exit
if [ "$label" = hog ]; then
	echo "rt: hog begin"
	# In turns, or who is to end them would not run again.
	run chrt -r 99 "$(command -v pk || echo "$HERE/pk")" spin "$seconds" "$cpus"
	echo "rt: hog end"
else
	cyclic && osnoise && echo "rt: $label end"
fi
