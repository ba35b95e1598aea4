#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Many short lives of a kernel that only keeps the contract, and ends by chance in
# one of many ways. Nothing may be left of them.
#
# PARKER_LIVES  how many (default: 40)

. "$(dirname "$0")/lib.sh"

LIVES=${PARKER_LIVES:-40}
WAYS="poweroff halt panic silent hang state version end mark head"

# What a way to end looks like from outside: STATE REASON
looks()
{
	case $1 in
	poweroff) echo "stopped powered off" ;;
	halt) echo "stopped halted" ;;
	panic) echo "crashed panic: payload" ;;
	silent) echo "crashed did not report within 1 s" ;;
	hang) echo "crashed no heartbeat for 1 s" ;;
	state) echo "crashed reported the impossible state 3" ;;
	version) echo "crashed reported the impossible version 0" ;;
	end) echo "crashed reported the impossible end 99" ;;
	mark) echo "crashed reported the impossible panic mark 2" ;;
	head) echo "crashed reported the impossible console position *" ;;
	esac
}

born()
{
	pk write create "kst-life cpus=$CPU memory=16M" &&
		pk write kst-life/boot_timeout 1 && pk write kst-life/watchdog 1 &&
		pk load "$(id_of kst-life)" "$HERE/payload" - "$1"
}

# life WAY
life()
{
	local want

	want=$(looks "$1")
	born "$1" && start kst-life && wait_state kst-life "${want%% *}" &&
		like "$(cat kst-life/reason)" "${want#* }" || return
	case $1 in
	silent|head) ;;
	*) same "$(cat kst-life/console)" payload || return ;;
	esac
	remove kst-life
}

# It is killed, stopped, or ends by another start.
life_of_the_idle()
{
	born idle && start kst-life && wait_state kst-life running &&
		pk write kst-life/state stop && wait_state kst-life stopped &&
		same "$(cat kst-life/reason)" "powered off" && start kst-life &&
		pk write kst-life/state kill && is_state kst-life stopped && remove kst-life
}

random_life()
{
	local way

	# shellcheck disable=SC2086
	way=$(one_of $WAYS idle)
	if [ "$way" = idle ]; then
		life_of_the_idle
	else
		life "$way"
	fi
}

lives()
{
	local nr

	for nr in $(seq "$1"); do
		random_life || { note "in life $nr"; return 1; }
	done
}

# The address ranges of stacks of processes that ended are freed some thousand at a
# time: what they take must not be taken for a loss.
use_up_stacks()
{
	local _

	for _ in $(seq 1000); do
		cat /dev/null | cat | cat | cat | cat | cat | cat | cat
	done
}

left_over()
{
	grep -v "^ *[^:]*: *$" /proc/iomem
	cat $CPUDIR/online $CPUDIR/present
}

setup
[ -r "$HERE/payload" ] || skip_all "the payload is not built"
need 2 64
plan 16
CPU=$(pick 1)
for way in $WAYS; do
	check "it dies by: $way" life "$way"
done
check "it lives until it is asked to end" life_of_the_idle
# What the kernel sets up once, and a debug kernel collects
lives 10 || die "no life"
[ "$LIVES" -lt 200 ] || use_up_stacks
left_over >"$TMP/before"
leaks_forget
before=$(settled 999999999)
works "$(first_cpu)"
check "$LIVES lives" lives "$LIVES"
check "the boot kernel's own work was not disturbed" worked_on
left_over >"$TMP/after"
check "nothing is left of them" eval 'cmp "$TMP/before" "$TMP/after" &&
	between $(($(settled $((before - 2048))) - before)) -2048 1000000000'
check_or_skip "the boot kernel has no kmemleak" "no object is lost" no_leaks
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
