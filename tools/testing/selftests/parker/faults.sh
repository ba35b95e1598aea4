#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each allocation of each operation fails once, one after the other, until the
# operation passes without a failure. Then each callback of CPU hotplug that can refuse
# does so. What failed has changed nothing.

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
		like "$(cat last_error)" "*CPU * was given back, but did not come online" &&
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
		like "$(cat kst-a/last_error)" "CPU $cpu was given back, but did not come online" &&
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
[ -r "$HERE/payload" ] || skip_all "the payload is not built"
need 2 64
plan 11
CPU=$(pick 1)
check "mkdir" each "pk rmdir kst-a" mkdir kst-a
check "memory" each "pk write kst-a/memory 0" write kst-a/memory 16M
check "callbacks of CPU hotplug" each_callback
check "a callback when a CPU comes back" stays_offline
check "cpus" each no_cpus write kst-a/cpus "$CPU"
check "a load" each "pk unload $(id_of kst-a)" load "$(id_of kst-a)" "$HERE/payload" - idle
check "a start" each killed write kst-a/state start
check "it runs" wait_state kst-a running
pk write kst-a/state kill
check "rmdir" each remake rmdir kst-a
check "create" each "pk rmdir kst-a" write create "kst-a cpus=$CPU memory=16M"
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
