#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each allocation of each operation fails once, one after the other, until the
# operation passes without a failure. What failed has changed nothing.

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
plan 9
CPU=$(pick 1)
check "mkdir" each "pk rmdir kst-a" mkdir kst-a
check "memory" each "pk write kst-a/memory 0" write kst-a/memory 16M
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
