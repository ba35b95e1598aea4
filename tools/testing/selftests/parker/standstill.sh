#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The whole machine stands still, as an emulator or a debugger can make it, for longer
# than each of the time limits: that time does not count. What happens in time that
# counts is found as ever.
#
# PARKER_PAUSES  how often it stands still (default: 5)

. "$(dirname "$0")/lib.sh"

PAUSES=${PARKER_PAUSES:-5}
PAUSE=8
LIMITS=5

# born NAME ACTION: a kernel that does as it is told
born()
{
	make "$1" "$(pick 1)" 16M && pk load "$(id_of "$1")" "$HERE/payload" - "$2" &&
		limited "$1"
}

limited()
{
	pk write "$1/watchdog" $LIMITS && pk write "$1/boot_timeout" $LIMITS &&
		pk write "$1/stop_timeout" $LIMITS
}

# In these states until a limit has passed, but for kst-run
states()
{
	cat kst-boot/state kst-run/state kst-stop/state | tr '\n' ' '
}

under_way()
{
	start kst-stop && wait_state kst-stop running && start kst-boot &&
		pk write kst-stop/state stop && same "$(states)" "booting running stopping "
}

stands_still()
{
	local since

	since=$(cut -d . -f 1 /proc/uptime)
	host pause $PAUSE >/dev/null &&
		between $(($(cut -d . -f 1 /proc/uptime) - since)) $PAUSE 3600
}

one_pause()
{
	under_way && stands_still && same "$(states)" "booting running stopping " &&
		pk write kst-stop/state kill && pk write kst-boot/state kill
}

pauses()
{
	for nr in $(seq "$PAUSES"); do
		one_pause || { note "pause $nr"; return 1; }
	done
}

# beats NAME: its heart does
beats()
{
	local before

	before=$(field "$1/stat" heartbeats)
	for _ in $(seq $((LIMIT * 10))); do
		[ "$(field "$1/stat" heartbeats)" = "$before" ] || return 0
		sleep 0.1
	done
	return 1
}

# One whose limit has begun to pass when the machine stands still
late()
{
	start kst-hang && wait_state kst-hang running && under_way && stands_still &&
		is_state kst-hang running
}

# found NAME STATE REASON
found()
{
	wait_state "$1" "$2" && same "$(cat "$1/reason")" "$3"
}

setup
need_host
[ -r "$HERE/payload" ] || skip_all "the payload is not built"
need 4 320
plan 9
make kst-run "$(pick 1)" 256M && up kst-run && limited kst-run || die "no kernel runs"
born kst-boot silent && born kst-stop deaf && born kst-hang hang || die "no partition"

check "$PAUSES times $PAUSE s: booting, running, stopping are as before" pauses
check "the kernel that runs goes on" beats kst-run
check "once more, beside one that hangs" late
check "that one is found, in time that counts" \
	found kst-hang crashed "no heartbeat for $LIMITS s"
check "so is one that does not report" \
	found kst-boot crashed "did not report within $LIMITS s"
check "and one that does not power off" \
	found kst-stop stopped "killed, as it did not power off within $LIMITS s"
check "the kernel that runs still does" eval 'beats kst-run && is_state kst-run running'
check "and it powers off when it is asked to" eval \
	'pk write kst-run/state stop && found kst-run stopped "powered off"'
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
