#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# An application kernel panics, hangs or never comes up: crashed, with the
# reason and its last words; started again only where somebody wants it.

. "$(dirname "$0")/lib.sh"

crashes()
{
	load kst-a "$1 parker.app=$2" && start kst-a && wait_state kst-a crashed stopped &&
		is_state kst-a crashed && like "$(cat kst-a/reason)" "$3"
}

last_words()
{
	grep -q "Kernel panic - not syncing: sysrq triggered crash" kst-a/console &&
		grep -q "end Kernel panic" kst-a/console
}

# It is as it was: nothing may be changed before somebody gives up on it.
keeps_all()
{
	pk write kst-a/memory 0 EBUSY && pk write kst-a/cpus "" EBUSY && is_state kst-a crashed
}

now()
{
	date -u +%Y-%m-%dT%H:%M:%SZ
}

# ended_since TIME GLOB: last_end has a time since then, and text like it
ended_since()
{
	local end after

	end=$(cat kst-a/last_end)
	after=$(now)
	like "$end" "????-??-??T??:??:??Z $2" &&
		same "$(printf '%s\n' "$1" "${end%% *}" "$after" | sort)" \
			"$(printf '%s\n' "$1" "${end%% *}" "$after")"
}

starts_again()
{
	local before

	before=$(cat kst-a/last_end)
	start kst-a && wait_state kst-a booting running &&
		same "$(cat kst-a/last_end)" "$before" &&
		pk write kst-a/state kill && is_state kst-a stopped &&
		ended_since "$BEGIN" "stopped: killed"
}

unloads()
{
	local before

	before=$(cat kst-a/last_end)
	pk write kst-a/state unload && is_state kst-a empty &&
		same "$(cat kst-a/last_end)" "$before"
}

restarted()
{
	[ "$(field kst-a/stat restarts)" -gt "$1" ]
}

# restarts_after COMMAND_LINE: it crashes, and is started again
restarts_after()
{
	before=$(field kst-a/stat restarts)
	load kst-a "$1 parker.app=crash" && start kst-a || return
	for _ in 1 2 3 4 5 6; do
		restarted "$before" && break
		pk poll kst-a/state 20 crashed >/dev/null
		pk poll kst-a/state 20 booting >/dev/null
	done
	restarted "$before" && pk write kst-a/state kill && is_state kst-a stopped
}

stays_crashed()
{
	before=$(field kst-a/stat restarts)
	crashes "panic=0" crash "panic: *" || return
	pk poll kst-a/state 3 booting running >/dev/null
	is_state kst-a crashed && same "$(field kst-a/stat restarts)" "$before"
}

hangs()
{
	pk write kst-a/watchdog 3 && load kst-a "parker.app=do parker.do=die,spin" &&
		start kst-a && wait_state kst-a running && wait_text kst-a "app: ready" || return
	pk poll kst-a/state "$LIMIT" crashed stopped >/dev/null
	grep -q "app: cannot die" kst-a/console && return 4
	like "$(cat kst-a/reason)" "no heartbeat for 3 s*"
}

# A kernel that stops at its first instruction never reports, however fast the
# machine is.
never_up()
{
	cp "$KERNEL" "$TMP/stalled" && pk stall "$TMP/stalled" &&
		pk load "$(id_of kst-a)" "$TMP/stalled" "$INITRD" "" &&
		pk write kst-a/boot_timeout 3 && start kst-a && is_state kst-a booting &&
		wait_state kst-a crashed running stopped && is_state kst-a crashed &&
		same "$(cat kst-a/reason)" "did not report within 3 s" &&
		same "$(cat kst-a/console)" "" && same "$(field kst-a/stat boot_usec)" 0
}

# Its CPU was proved stopped, so that another kernel runs there.
runs_after_that()
{
	pk write kst-a/boot_timeout 60 && up kst-a && pk write kst-a/state kill
}

# stat has the first crash, the load before it, and each byte of the console.
is_counted()
{
	same "$(field kst-a/stat crashes)" 1 &&
		between "$(field kst-a/stat load_usec)" 1 $((LIMIT * 1000000)) &&
		between "$(field kst-a/stat boot_usec)" 1 $((LIMIT * 1000000)) &&
		between "$(field kst-a/stat console_bytes)" 1000 524288 &&
		same "$(field kst-a/stat console_bytes)" "$(wc -c <kst-a/console)"
}

setup
need 1 256
plan 16
make kst-a "$(pick 1)" 256M || die "no partition"

BEGIN=$(now)
check "a panic: crashed, with its message" crashes "" crash "panic: sysrq triggered crash*"
check "last_end says how and when" ended_since "$BEGIN" "crashed: panic: sysrq triggered crash"
check "its last words are on the console" last_words
check "stat counts it, its load and its console" is_counted
check "image has the version of the contract" same "$(field kst-a/image contract)" 4
check "resources of a crashed one cannot be changed" keeps_all
check "it can be started again, and killed" starts_again
check "the end of init is a panic" crashes "" exit "panic: Attempted to kill init*"
check "a crashed one can be unloaded, and last_end stays" unloads
check "panic=0: it stays crashed" stays_crashed
pk write kst-a/state kill
check "panic=1: it is started again" restarts_after "panic=1"
pk write kst-a/on_crash restart
check "on_crash restart: it is started again" restarts_after "panic=0"
pk write kst-a/on_crash stay

check_or_skip "the application kernel has no CONFIG_PARKER_DEBUG" \
	"who hangs is found by the watchdog" hangs
pk write kst-a/state kill

check "who does not report within boot_timeout has crashed" never_up
check "another kernel runs after that" runs_after_that
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
