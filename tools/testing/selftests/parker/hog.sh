#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A real-time task that never sleeps keeps a CPU from running kernel threads, which moving
# pages waits for: memory cannot be taken then, and that is said, in time. Nothing else of
# a partition waits for it.
#
# PARKER_HOG_SECONDS  how long it runs (default: 25)

. "$(dirname "$0")/lib.sh"

SECONDS_HOGGED=${PARKER_HOG_SECONDS:-25}
FAIR=/sys/kernel/debug/sched/fair_server
RT=/proc/sys/kernel/sched_rt_runtime_us

# No share is kept for what is not real-time.
hog()
{
	echo -1 >$RT && echo 0 >"$FAIR/cpu$HOG/runtime" || return
	background pk hog "$SECONDS_HOGGED" "$HOG" >"$TMP/hog"
	HOGGING=$!
	until [ -s "$TMP/hog" ]; do
		kill -0 $HOGGING 2>/dev/null || return
		sleep 0.1
	done
}

restore()
{
	echo "$RT_BEFORE" >$RT
	[ ! -w "$FAIR/cpu$HOG/runtime" ] || echo "$FAIR_BEFORE" >"$FAIR/cpu$HOG/runtime"
}

is_refused()
{
	elapsed pk write kst-a/memory 64M EBUSY && between "$SECONDS_TAKEN" 5 15 &&
		like "$(cat kst-a/last_error)" "memory: CPU $HOG did not run *" &&
		same "$(cat kst-a/memory)" ""
}

killed_early()
{
	pk write kst-a/memory 64M 2>/dev/null &
	sleep 1
	kill -9 $!
	elapsed wait $!
	between "$SECONDS_TAKEN" 0 3
}

others_go_on()
{
	elapsed cat kst-b/cpus kst-b/memory kst-b/state kst-b/image available >"$TMP/read" &&
		between "$SECONDS_TAKEN" 0 3
}

ends()
{
	wait "$HOGGING"
	pk write kst-a/memory 64M && same "$(memory_bytes kst-a)" $((64 << 20))
}

setup
need 1 128
[ -w "$FAIR/cpu0/runtime" ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
[ -w "$FAIR/cpu0/runtime" ] || \
	skip_all "this kernel keeps a share for all, or has no CONFIG_SCHED_DEBUG"
plan 6
HOG=$(expand "$(available_cpus)" | head -n 1)
RT_BEFORE=$(cat $RT) FAIR_BEFORE=$(cat "$FAIR/cpu$HOG/runtime")
# The base refuses to set the limit of real-time tasks again while CPUs are offline.
pk mkdir kst-a && pk mkdir kst-b && pk write kst-b/memory 16M || die "no partitions"
trap 'restore; cleanup' EXIT

hog || die "no real-time task"
check "memory is refused while CPU $HOG has no time" is_refused
check "a write that is killed" killed_early
check "other partitions can be read" others_go_on
check "memory is had when the task has ended" ends
restore
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
