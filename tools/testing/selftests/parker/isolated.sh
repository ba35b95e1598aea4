#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# CPUs that are kept from ordinary work, by a partition of cpusets, by isolcpus= and
# nohz_full= of the boot kernel's command line, or reserved for tasks with deadlines: the
# monitor keeps off them, and they are given away and come back as any other, or the
# request is refused.

. "$(dirname "$0")/lib.sh"

# Kept from ordinary work since boot
special()
{
	expand "$(cat $CPUDIR/isolated $CPUDIR/nohz_full 2>/dev/null | grep '^[0-9]')" |
		sort -u | collapse
}

# without CPUS: what is available but for these
without()
{
	expand "$(available_cpus)" | grep -vxF "$(expand "$1")" | collapse
}

# The trace of what the timers run, of the monitor only
trace_monitor()
{
	mkdir $TRACE && cd $TRACE/events/timer/timer_expire_entry &&
		echo "function.function == parker_monitor_look" >filter && echo 1 >enable &&
		cd $ROOT
}

# The CPUs that the next ten checks ran on
checked_on()
{
	echo >$TRACE/trace
	for _ in $(seq $((LIMIT * 10))); do
		[ "$(grep -c parker_monitor_look $TRACE/trace)" -lt 10 ] || break
		sleep 0.1
	done
	sed -n 's/.*\[0*\([0-9][0-9]*\)\] .*parker_monitor_look.*/\1/p' $TRACE/trace |
		sort -u | collapse
}

# group NAME CPUS: of tasks that are confined to them
group()
{
	mkdir "$CGROUP/$1" && echo "$2" >"$CGROUP/$1/cpuset.cpus"
}

ungroup()
{
	rmdir "$CGROUP/$1"
}

# inside NAME COMMAND...: in a group
inside()
{
	local group="$1"

	shift
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0" && exec "$@"' "$CGROUP/$group/cgroup.procs" "$@"
}

# isolate NAME
isolate()
{
	echo isolated >"$CGROUP/$1/cpuset.cpus.partition" && is_isolated "$1"
}

is_isolated()
{
	same "$(cat "$CGROUP/$1/cpuset.cpus.partition")" isolated
}

# checks_elsewhere CPUS: on none of them
checks_elsewhere()
{
	local cpu on

	on=$(checked_on)
	note "checked on CPUs $on, not to be on $1"
	[ "$on" ] || return
	for cpu in $(expand "$1"); do
		! has_cpu "$on" "$cpu" || return
	done
}

# The monitor begins on the CPU of the task that starts a kernel.
follows_the_task()
{
	inside kst pk write kst-a/state start && wait_state kst-a running &&
		same "$(checked_on)" "$ONE"
}

# The next check may still be there.
leaves()
{
	isolate kst && checked_on >/dev/null && checks_elsewhere "$ONE"
}

# keeps_off CPUS: a kernel is started by a task there
keeps_off()
{
	! is_state kst-a running || pk write kst-a/state kill || return
	inside kst pk write kst-a/state start && wait_state kst-a running &&
		checks_elsewhere "$1"
}

# claimed CPUS: by a new partition
claimed()
{
	make kst-b "$1" 2M && same "$(cat kst-b/cpus)" "$1" &&
		fails has_cpu "$(online)" "${1%%[-,]*}"
}

given_back()
{
	pk rmdir kst-b && same "$(online)" "$ONLINE"
}

# One core of two, then both: then the group has no CPU.
isolated_are_given()
{
	claimed "$FIRST" && is_isolated two && given_back && is_isolated two &&
		claimed "$BOTH" && given_back && is_isolated two &&
		same "$(cat $CGROUP/cpuset.cpus.isolated)" "$BOTH"
}

# claim CPUS ERRNO
claim()
{
	pk write create "kst-b cpus=$1 memory=2M" "$2"
}

# Each CPU has so much to do for tasks with deadlines that it cannot be missed.
claim_reserved()
{
	pk deadline "$(nr_cpus "$(online)")" 90 pk write create "kst-b cpus=$FIRST memory=2M" "$1"
}

reserved_no_more()
{
	local _

	for _ in $(seq $((LIMIT * 10))); do
		echo "kst-b cpus=$FIRST memory=2M" 2>/dev/null >create && given_back && return
		sleep 0.1
	done
	return 1
}

# from_boot: those of the boot kernel's command line
from_boot()
{
	local cpu all

	all=$(special)
	for cpu in $(expand "$all"); do
		has_cpu "$(available_cpus)" "$cpu" || continue
		claimed "$(siblings_of "$cpu")" && given_back || return
	done
	same "$(special)" "$all"
}

# The last CPUs for ordinary work are not given away, but all but one are. CPU 0 never is.
last_ones()
{
	local last

	last=$(without "$(special)")
	if has_cpu "$(special)" 0; then
		claim "$last" EBUSY || return
		note "$(cat last_error)"
		like "$(cat last_error)" "*at least one CPU that is online and not isolated" &&
			claimed "$(expand "$last" | tail -n 1)"
	else
		claimed "$(available_cpus)"
	fi && given_back
}

clean_groups()
{
	local dir

	for dir in "$CGROUP"/*/; do
		[ ! -d "$dir" ] || rmdir "$dir"
	done
	umount "$CGROUP"
}

# Since boot
from_the_command_line()
{
	group kst "$(special)" || die "no group"
	check "the monitor does not begin on an isolated CPU" keeps_off "$(special)"
	ungroup kst
	remove kst-a
	ONLINE=$(online)
	check "each isolated CPU is given away, and comes back" from_boot
	check "at least one CPU stays for ordinary work" last_ones
}

first_core()
{
	siblings_of "$(expand "$1" | head -n 1)"
}

# At run time
by_cpusets()
{
	FIRST=$(first_core "$(available_cpus)")
	ONE=${FIRST%%[-,]*}
	BOTH=$(expand "$FIRST,$(first_core "$(without "$FIRST")")" | collapse)
	group kst "$ONE" || die "no group"
	check "the monitor runs where a kernel was started" follows_the_task
	check "it leaves a CPU that is isolated meanwhile" leaves
	check "it does not begin on one that is" keeps_off "$ONE"
	ungroup kst

	group two "$BOTH" && isolate two || die "cannot isolate CPUs $BOTH"
	check "an isolated CPU is given away, then all; they come back isolated" \
		isolated_are_given
	ungroup two
	REST=$(siblings_of "$(expand "$(available_cpus)" | tail -n 1)")
	group most "$(expand "$ONLINE" | grep -vxF "$(expand "$REST")" | collapse)" &&
		isolate most || die "cannot isolate all CPUs but $REST"
	# No CPU would be left to the tasks outside of the group.
	refuse EBUSY "*CPU *" . "the last CPU that is not isolated" claim "$REST"
	check "the others are isolated as before" is_isolated most
	ungroup most

	refuse EBUSY "*CPU *" . "CPUs that are reserved for deadlines" claim_reserved
	check "they go when they are not" reserved_no_more
}

setup
[ -e $TRACING/events/timer/timer_expire_entry ] || skip_all "no trace of timers"
need 5 300
CGROUP=$TMP/cgroup
mkdir "$CGROUP" && mount -t cgroup2 none "$CGROUP" &&
	echo +cpuset >"$CGROUP/cgroup.subtree_control" || skip_all "no cpusets"
end_trace
trap 'end_trace; clean_groups; cleanup' EXIT
trace_monitor || die "no trace"
make kst-a "$(pick 1)" 256M && load kst-a || die "no partition"
ONLINE=$(online)

if [ "$(special)" ]; then
	plan 4
	from_the_command_line
else
	plan 9
	by_cpusets
fi
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
