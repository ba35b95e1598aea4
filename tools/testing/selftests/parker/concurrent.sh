#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Several do things at once: nobody waits for what is not theirs, nobody gets
# what is not there.

. "$(dirname "$0")/lib.sh"

starts_two()
{
	load kst-a && load kst-b || return
	start kst-a &
	start kst-b || return
	wait $!
	wait_state kst-a running && wait_state kst-b running &&
		wait_text kst-a "app: ready" && wait_text kst-b "app: ready"
}

free_mib()
{
	awk '/^MemFree/ { print int($2 / 1024) }' /proc/meminfo
}

# The time in hundredths of a second
now()
{
	sed 's/ .*//; s/\.//' /proc/uptime
}

# kill NAME: sets TOOK
timed_kill()
{
	local begin

	begin=$(now)
	pk write "$1/state" kill && is_state "$1" stopped || return
	TOOK=$(($(now) - begin))
}

# begin_clearing MIB: memory of kst-c, in the background. It is found and taken
# first, then cleared: 0 is returned in the middle of that.
begin_clearing()
{
	local before

	before=$(free_mib)
	rm -f "$TMP/cleared"
	(pk write kst-c/memory "$1M"; now >"$TMP/cleared") &
	while [ ! -s "$TMP/cleared" ] && [ $((before - $(free_mib))) -lt $(($1 / 2)) ]; do :; done
	[ ! -s "$TMP/cleared" ] && return
	note "$1M: $(cat kst-c/last_error)"
	return 1
}

# While a partition's memory is cleared, which takes long, another is killed. 0: it
# was dead before all was cleared; 4: there was too little of that time, compared
# with a kill that nothing is beside of.
kill_beside_clearing()
{
	local largest most begin alone late=0 left

	timed_kill kst-b || return
	alone=$TOOK
	largest=$(awk '$1 == "memory" { print int($5 / 1048576) }' available | sort -n | tail -n 1)
	pk mkdir kst-c || return
	for share in 2 4 8; do
		most=$((largest / share))
		begin_clearing $most && break
	done
	begin=$(now)
	timed_kill kst-a || return
	[ ! -s "$TMP/cleared" ] || late=1
	wait $!
	between "$(memory_bytes kst-c)" $((most << 20)) $((most << 21)) || return
	left=$(($(cat "$TMP/cleared") - begin))
	note "killed in ${TOOK}0 ms, alone ${alone}0 ms; $most MiB were cleared ${left}0 ms after"
	[ $late = 1 ] || return 0
	[ "$left" -gt $((4 * alone + 10)) ] || return 4
	note "the kill waited for the clearing"
	return 1
}

# Of ten that make the same partition, one does.
one_of_ten()
{
	for try in 1 2 3 4 5 6 7 8 9 10; do
		(mkdir kst-same 2>/dev/null && echo made >"$TMP/made.$try") &
		pids="${pids:-} $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	pids=
	same "$(cat "$TMP"/made.* | wc -l)" 1 && pk rmdir kst-same
}

# Two claim the same CPU: one gets it.
one_of_two()
{
	local cpu

	cpu=$(pick 1)
	pk mkdir kst-d && pk mkdir kst-e || return
	pk write kst-d/cpus "$cpu" 2>/dev/null &
	pk write kst-e/cpus "$cpu" 2>/dev/null
	wait $!
	same "$(cat kst-d/cpus kst-e/cpus | grep .)" "$cpu" && pk rmdir kst-d && pk rmdir kst-e
}

reader()
{
	while [ -e "$TMP/go" ]; do
		cat available last_error kst-x/* >/dev/null 2>&1
	done
}

poller()
{
	while [ -e "$TMP/go" ]; do
		pk poll kst-x/state 1 never >/dev/null 2>&1
	done
}

# Directories come and go while others read all of their files.
made_while_read()
{
	local cpu

	cpu=$(pick 1)
	touch "$TMP/go"
	reader &
	readers=$!
	reader &
	readers="$readers $!"
	poller &
	readers="$readers $!"
	CHILDREN="$CHILDREN $readers"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		make kst-x "$cpu" 64M && pk rmdir kst-x || return
		pk mkdir kst-x && pk write kst-x/memory 32M && pk rmdir kst-x || return
	done
	rm -f "$TMP/go"
	# shellcheck disable=SC2086
	wait $readers
	return 0
}

# Who waits for a partition that is removed is woken, and told.
removed_while_polled()
{
	pk mkdir kst-x || return
	pk poll kst-x/state 60 never >"$TMP/seen" 2>&1 &
	poll=$!
	pk until kst-a/state 5 grep -q empty "$TMP/seen"
	before=$(cut -d . -f 1 /proc/uptime)
	pk rmdir kst-x || return
	wait $poll
	between $(($(cut -d . -f 1 /proc/uptime) - before)) 0 30
}

# An open file of a partition that is gone keeps nothing alive.
removed_while_open()
{
	pk mkdir kst-x || return
	exec 9<kst-x/state
	pk rmdir kst-x || return
	fails cat <&9 >/dev/null 2>&1
	ret=$?
	exec 9<&-
	[ $ret = 0 ] && [ ! -d kst-x ]
}

setup
need 3 700
plan 8
make kst-a "$(pick 1)" 192M && make kst-b "$(pick 1)" 192M || die "no partitions"

check "two kernels are started at the same time" starts_two
kill_beside_clearing
case $? in
0) ktap_test_pass "kill takes effect while another's memory is cleared" ;;
4) ktap_test_skip "kill while memory is cleared: that took no time" ;;
*) explain; ktap_test_fail "kill takes effect while another's memory is cleared" ;;
esac
remove kst-b
remove kst-c
check "of ten that make one partition, one does" one_of_ten
check "of two that claim one CPU, one gets it" one_of_two
check "partitions are made and removed while others read and poll" made_while_read
check "who polls a removed partition is woken" removed_while_polled
check "an open file does not keep a partition" removed_while_open
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
