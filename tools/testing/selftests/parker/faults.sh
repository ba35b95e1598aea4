#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each allocation of each operation fails once, one after the other, until the
# operation passes without a failure; so does each call of what takes CPUs and memory
# away or starts a CPU, and each callback of CPU hotplug that can refuse. What failed
# has changed nothing.

. "$(dirname "$0")/lib.sh"

DEBUG=/sys/kernel/debug

# Sleeping allocations are to fail, too, which is not the default.
inject_everywhere()
{
	local dir

	for dir in $DEBUG/failslab $DEBUG/fail_page_alloc; do
		echo N >$dir/ignore-gfp-wait && echo 0 >$dir/verbose || return
	done
	echo N >$DEBUG/fail_page_alloc/ignore-gfp-highmem &&
		echo 0 >$DEBUG/fail_page_alloc/min-order
}

# each UNDO COMMAND...: UNDO is for what passes although an allocation failed
each()
{
	local undo="$1" nr said failed=0

	shift
	for nr in $(seq 500); do
		snapshot >"$TMP/before"
		said=$(pk nth "$nr" "$@" 2>"$TMP/err")
		case $?,$said in
		0,clean)
			note "$((nr - 1)) allocations, $failed of which it needs"
			ALLOCATIONS=$((nr - 1))
			[ $failed -gt 0 ]
			return
			;;
		0,injected)
			$undo || return
			continue
			;;
		1,injected)
			failed=$((failed + 1))
			grep -q "got \(ENOMEM\|EINTR\|EIO\|EAGAIN\)" "$TMP/err" || {
				sed 's/^/# /' "$TMP/err"
				return 1
			}
			;;
		*)
			note "allocation $nr: $said"
			sed 's/^/# /' "$TMP/err"
			return 1
			;;
		esac
		untouched || { note "after allocation $nr failed"; return 1; }
	done
	note "it goes on and on"
	return 1
}

# fault ATTRIBUTE=VALUE...: of fail_function
fault()
{
	local attribute

	for attribute; do
		echo "${attribute#*=}" >"$DEBUG/fail_function/${attribute%%=*}" || return
	done
}

inject()
{
	fault inject="$1" "$1/retval=$(printf %#x "-$2")" probability=100 verbose=0
}

inject_no_more()
{
	fault probability=0 inject="!$1"
}

# What is left of the space must be more than the 1 that each call takes.
# each_call FUNCTION ERRNO UNDO COMMAND...: each of its calls fails once with that
each_call()
{
	local function="$1" undo="$3" nr=0 status failed=0

	inject "$function" "$2" || return
	shift 3
	while [ $nr -lt 100 ]; do
		snapshot >"$TMP/before"
		fault space=$((nr + 1)) times=1 || return
		"$@" >/dev/null 2>"$TMP/err"
		status=$?
		[ "$(cat $DEBUG/fail_function/times)" = 0 ] || break
		nr=$((nr + 1))
		if [ $status = 0 ]; then
			$undo || return
			continue
		fi
		failed=$((failed + 1))
		untouched || { note "after call $nr failed"; return 1; }
	done
	inject_no_more "$function"
	note "$nr calls, $failed of which it needs"
	[ $status = 0 ] && [ $nr -gt 0 ] && $undo
}

create_two()
{
	pk write create "kst-a cpus=$TWO memory=16M"
}

create_pieces()
{
	pk write create "kst-a cpus=$CPU memory=16M,16M"
}

# All of it, wherever it looks
no_memory_moves()
{
	local owner=. glob="*could be taken*" result

	inject parker_run_take 16 && fault space=0 times=-1 || return
	snapshot >"$TMP/before"
	refused pk write create "kst-a cpus=$CPU memory=16M" ENOMEM && untouched
	result=$?
	inject_no_more parker_run_take
	return $result
}

# The threads that can be the one to start a kernel again
workers()
{
	grep -l "^kworker/u" /proc/[0-9]*/comm 2>/dev/null | sed 's/comm$/fail-nth/'
}

# fail_nth N FILE...
fail_nth()
{
	local nth="$1" file

	shift
	for file; do
		echo "$nth" >"$file"
	done 2>/dev/null
}

# has_failed FILE...: it has come down to 0 in one of them
has_failed()
{
	grep -qx 0 "$@" 2>/dev/null
}

# only_below FUNCTION: what it calls; all if there is none
only_below()
{
	local dir start=0 end=0xffffffffffffffff

	if [ "${1:-}" ]; then
		# shellcheck disable=SC2046
		set -- $(sort /proc/kallsyms | awk -v name="$1" 'start && $1 != start {
			print "0x" start, "0x" $1; exit } $3 == name { start = $1 }')
		start=$1
		end=$2
	fi
	for dir in $DEBUG/failslab $DEBUG/fail_page_alloc; do
		echo "$start" >$dir/require-start && echo "$end" >$dir/require-end || return
	done
}

# restarts_without N: it reboots again and again, until that allocation fails; then it
# is not started again, or goes on doing that.
restarts_without()
{
	local files seen="" _

	files=$(workers)
	# shellcheck disable=SC2086
	fail_nth "$1" $files
	pk write kst-a/state start || return
	for _ in $(seq $((LIMIT * 10))); do
		sleep 0.1
		# shellcheck disable=SC2086
		[ "$seen" ] || ! has_failed $files || seen=$(field kst-a/stat restarts)
		[ "$seen" ] || continue
		grep -q "^restart failed: " kst-a/reason && break
		[ "$(field kst-a/stat restarts)" -le "$seen" ] || break
	done
	# shellcheck disable=SC2086
	fail_nth 0 $files
	[ "$seen" ] || { note "allocation $1 did not fail"; return 1; }
	if grep -q "^restart failed: " kst-a/reason; then
		FAILED=$((FAILED + 1))
		is_state kst-a stopped && is_sentence "$(cat kst-a/last_error)"
	else
		pk write kst-a/state kill
	fi
}

# A work starts it again, in any of the workers. It allocates what a start does.
each_of_a_restart()
{
	local nr result=0

	FAILED=0
	pk unload "$(id_of kst-a)" && pk load "$(id_of kst-a)" "$HERE/payload" - reboot &&
		only_below parker_restart || return
	snapshot | grep -v kst-a/ >"$TMP/before"
	for nr in $(seq "$1"); do
		restarts_without "$nr" || { result=1; break; }
		snapshot | grep -v kst-a/ >"$TMP/after"
		cmp "$TMP/before" "$TMP/after" || { result=1; break; }
	done
	only_below
	pk write kst-a/state kill
	note "$nr allocations, $FAILED of which it needs"
	[ $result = 0 ] && [ $FAILED -gt 0 ]
}

no_cpus()
{
	pk write kst-a/cpus ""
}

# A CPU that cannot come online stays offline, and the partition goes all the same.
remake()
{
	local cpu

	for cpu in $(expand "$CPU"); do
		[ "$(cat "$CPUDIR/cpu$cpu/online")" = 1 ] && continue
		like "$(cat last_error)" "cpus: CPU * was given back, but did not come online" &&
			echo 1 >"$CPUDIR/cpu$cpu/online" || return
	done
	pk mkdir kst-a && pk write kst-a/memory 16M && pk write kst-a/cpus "$CPU"
}


# CPU hotplug lets a callback fail once, where the kernel knows that it can.
each_callback()
{
	local nr failed=0 fail="$CPUDIR/cpu${CPU%%[-,]*}/hotplug/fail"

	for nr in $(sed -n 's/^ *\([0-9]*\):.*/\1/p' $CPUDIR/hotplug/states); do
		{ echo "$nr" >"$fail"; } 2>/dev/null || continue
		snapshot >"$TMP/before"
		if pk write kst-a/cpus "$CPU" 2>/dev/null; then
			# It has nothing to do when a CPU goes offline.
			echo -1 >"$fail"
			no_cpus || return
			continue
		fi
		failed=$((failed + 1))
		untouched && is_sentence "$(cat kst-a/last_error)" ||
			{ note "after callback $nr refused"; return 1; }
	done
	note "$failed callbacks refused"
	[ $failed -gt 5 ] && pk write kst-a/cpus "$CPU" && no_cpus && cpus_back
}

# What does not come online stays offline, and that is said.
stays_offline()
{
	local cpu=${CPU%%[-,]*} nr

	nr=$(sed -n 's/^ *\([0-9]*\): mm\/vmstat:online/\1/p' $CPUDIR/hotplug/states)
	pk write kst-a/cpus "$CPU" && echo "$nr" >"$CPUDIR/cpu$cpu/hotplug/fail" && no_cpus &&
		like "$(cat kst-a/last_error)" \
			"cpus: CPU $cpu was given back, but did not come online" &&
		same "$(cat "$CPUDIR/cpu$cpu/online")" 0 &&
		echo 1 >"$CPUDIR/cpu$cpu/online" && cpus_back
}

killed()
{
	pk write kst-a/state kill && pk write kst-a/state unload &&
		pk load "$(id_of kst-a)" "$HERE/payload" - idle
}

setup
[ -w /proc/self/fail-nth ] || skip_all "this kernel has no CONFIG_FAULT_INJECTION"
[ -d $DEBUG/failslab ] || mount -t debugfs none $DEBUG 2>/dev/null
inject_everywhere || skip_all "this kernel has no CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC"
[ -w $DEBUG/fail_function/inject ] && [ -w $DEBUG/failslab/require-start ] ||
	skip_all "this kernel has no CONFIG_FAIL_FUNCTION, CONFIG_FAULT_INJECTION_STACKTRACE_FILTER"
[ -r "$HERE/payload" ] || skip_all "the payload is not built"
need 2 64
plan 19
CPU=$(pick 1)
TWO=$(pick 2)
leaks_forget
works
check "mkdir" each "pk rmdir kst-a" mkdir kst-a
check "memory" each "pk write kst-a/memory 0" write kst-a/memory 16M
check "callbacks of CPU hotplug" each_callback
check "a callback when a CPU comes back" stays_offline
check "cpus" each no_cpus write kst-a/cpus "$CPU"
check "a load" each "pk unload $(id_of kst-a)" load "$(id_of kst-a)" "$HERE/payload" - idle
check "a start" each killed write kst-a/state start
check "it runs" wait_state kst-a running
pk write kst-a/state kill
check "a restart" each_of_a_restart "$ALLOCATIONS"
killed
check "a start-up IPI" each_call parker_send_to 5 killed pk write kst-a/state start
check "rmdir" each remake rmdir kst-a
check "create" each "pk rmdir kst-a" write create "kst-a cpus=$CPU memory=16M"
pk rmdir kst-a
check "CPUs that do not go offline" \
	each_call parker_take_offline 12 "pk rmdir kst-a" create_two
check "memory that cannot be isolated" \
	each_call parker_run_take 16 "pk rmdir kst-a" create_pieces
check "no memory can be isolated" no_memory_moves
check "a signal while memory is cleared" \
	each_call parker_region_clear 4 "pk rmdir kst-a" create_pieces
remove_all
check "the boot kernel's own work was not disturbed" worked_on
check_or_skip "the boot kernel has no kmemleak" "no object is lost" no_leaks
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
