#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Who waits for a partition that is busy can be killed, and the operation goes on.

. "$(dirname "$0")/lib.sh"

HUNG=/proc/sys/kernel/hung_task_

free_mib()
{
	awk '/^MemFree/ { print int($2 / 1024) }' /proc/meminfo
}

# begin_clearing MIB: memory of kst-a, in the background. 0 is returned when half of it
# is taken, so that all of the clearing is still to come.
begin_clearing()
{
	local before

	before=$(free_mib)
	rm -f "$TMP/done"
	(pk write kst-a/memory "$1M"; echo $? >"$TMP/done") &
	WRITER=$!
	until [ $((before - $(free_mib))) -gt $(($1 / 2)) ]; do
		[ ! -e "$TMP/done" ] || return
	done
}

# wait_asleep PID: it waits in Parker, while the memory is still being set
wait_asleep()
{
	until grep -q parker "/proc/$1/wchan" 2>/dev/null; do
		[ ! -e "$TMP/done" ] && [ -d "/proc/$1" ] || return
	done
}

# waiter COMMAND...: it waits, is killed, and is gone at once
waiter()
{
	local pid status=0

	"$@" >/dev/null 2>&1 &
	pid=$!
	wait_asleep $pid || note "it did not wait"
	kill -9 $pid
	wait $pid || status=$?
	[ ! -e "$TMP/done" ] && same $status 137
}

# What has to wait for the partition, by the name of the file
waiters()
{
	local file

	for file in cpus memory devices image command_line isolation on_violation console vmcore; do
		check "a reader of $file is killed while memory is set" waiter cat kst-a/$file
	done
	check "a writer of cpus" waiter pk write kst-a/cpus ""
	check "a writer of memory" waiter pk write kst-a/memory 64M
	check "a writer of devices" waiter pk write kst-a/devices ""
	check "a writer of isolation" waiter pk write kst-a/isolation bare
	check "a start" waiter pk write kst-a/state start
	check "an unload" waiter pk write kst-a/state unload
	check "a load" waiter pk load "$(id_of kst-a)" "$KERNEL" "$INITRD" kst=2
	check "a removal" waiter pk rmdir kst-a
}

# What was killed has done nothing.
nothing_happened()
{
	same "$(cat kst-a/cpus)" "$CPU" &&
		between "$(memory_bytes kst-a)" $((MIB << 20)) $((MIB << 20)) &&
		is_state kst-a loaded && same "$(cat kst-a/command_line)" kst=1
}

hung()
{
	[ ! -e ${HUNG}panic ] || { echo "$1" >${HUNG}panic; echo "$2" >${HUNG}timeout_secs; }
}

setup
need 2 1200
CPU=$(pick 1)
make kst-a "$CPU" 64M && load kst-a kst=1 || die "no partition"
plan 19
MIB=$(awk '$1 == "memory" { print int($3 / 1048576 / 16) * 14 }' available | sort -n | tail -n 1)

TIMEOUT_BEFORE=$(cat ${HUNG}timeout_secs 2>/dev/null)
# Who waits and cannot be killed is hung after that.
hung 1 2
begin_clearing "$MIB" || die "$MIB MiB were cleared before anybody could wait"
waiters
wait "$WRITER"
hung 0 "$TIMEOUT_BEFORE"
check "the operation has ended well, and none of the others was begun" \
	eval 'same "$(cat "$TMP/done")" 0 && nothing_happened'
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
