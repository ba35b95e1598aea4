# SPDX-License-Identifier: GPL-2.0
# What the boot kernel does meanwhile, again and again, and must not be disturbed in;
# and what is left of what it did. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

KMEMLEAK=/sys/kernel/debug/kmemleak

# beside NAME COMMAND...: until went_on NAME
beside()
{
	local name="$1"

	shift
	: >"$TMP/go.$name"
	echo 0 >"$TMP/times.$name"
	again "$name" "$@" 2>"$TMP/said.$name" &
	echo $! >"$TMP/pid.$name"
	CHILDREN="$CHILDREN $!"
}

again()
{
	local name="$1" count=0

	shift
	while [ -e "$TMP/go.$name" ]; do
		"$@" || { echo failed >"$TMP/times.$name"; return; }
		count=$((count + 1))
		echo $count >"$TMP/times.$name"
	done
}

# went_on NAME: it made progress, and did not fail
went_on()
{
	rm -f "$TMP/go.$1"
	wait "$(cat "$TMP/pid.$1")"
	note "$1: $(cat "$TMP/times.$1") times"
	sed 's/^/# /' "$TMP/said.$1"
	between "$(cat "$TMP/times.$1")" 1 1000000000
}

off_and_on()
{
	echo 0 >"$CPUDIR/cpu$1/online" && echo 1 >"$CPUDIR/cpu$1/online"
}

sums_right()
{
	[ "$(md5sum <"$TMP/data")" = "$SUM" ]
}

# The partitions of the tests have the last ones.
first_cpu()
{
	expand "$(available_cpus)" | sort -n | head -n 1
}

# works [CPU]: sums that must be right; a CPU that goes offline and online
works()
{
	head -c 4194304 /dev/urandom >"$TMP/data"
	SUM=$(md5sum <"$TMP/data")
	beside sums sums_right
	OFFLINED=${1:-}
	[ -z "$OFFLINED" ] || beside hotplug off_and_on "$OFFLINED"
}

worked_on()
{
	went_on sums || return
	rm "$TMP/data"
	[ -z "$OFFLINED" ] || went_on hotplug
}

# leak_scan: an object counts after some seconds, and when a second scan confirms it
leak_scan()
{
	sleep 6
	for _ in 1 2; do
		{ echo scan >$KMEMLEAK; } 2>/dev/null || return
	done
}

# What was lost before is nobody's fault here.
leaks_forget()
{
	leak_scan && echo clear >$KMEMLEAK
}

# no_leaks: 4 if the kernel cannot tell
no_leaks()
{
	leak_scan || return 4
	cat $KMEMLEAK >"$TMP/leaks"
	[ ! -s "$TMP/leaks" ] && return
	head -n 60 "$TMP/leaks" | sed 's/^/# /'
	return 1
}
