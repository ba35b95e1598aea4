#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Eight writers do whatever comes to their mind with six partitions, legal or not.
# Then they do so while others kill each partition at any moment. At the end all is
# as it was, and nobody was stuck.
#
# PARKER_STRESS  seconds for each of both (default: 15)

. "$(dirname "$0")/lib.sh"

SECONDS_EACH=${PARKER_STRESS:-15}
WRITERS=8

# Some of the CPUs that there are, or none, or nonsense
some_cpus()
{
	one_of "" 1 2 3 4-5 6 6-7 7 1-7 0 99 x,
}

some_memory()
{
	one_of 0 2M 64M 192M 256M "192M 64M" 1T 192M@9 -1
}

an_action()
{
	one_of idle crash exit poweroff reboot deaf flood busy
}

a_load()
{
	pk load "$(id_of "$1")" "$KERNEL" "$INITRD" "panic=$(one_of 0 1 -1) parker.app=$(an_action)"
}

whole_life()
{
	pk write create "$1 cpus=$(one_of 1 2 3 4 5 6 7) memory=192M" && a_load "$1" &&
		pk write "$1/state" start && pk poll "$1/state" 10 running crashed
}

# operation NAME: the result is of no interest, only what is left in the end
operation()
{
	case $(below 15) in
	0) pk mkdir "$1" ;;
	1) pk rmdir "$1" ;;
	2) pk write "$1/cpus" "$(some_cpus)" ;;
	3) pk write "$1/memory" "$(some_memory)" ;;
	4) a_load "$1" ;;
	5) pk write "$1/state" start ;;
	6) pk write "$1/state" stop ;;
	7) pk write "$1/state" kill ;;
	8) pk write "$1/state" unload ;;
	9) pk write "$1/state" "$(one_of "" running kill,kill)" ;;
	10) pk write "$1/on_crash" "$(one_of stay restart x)" ;;
	11) pk write "$1/watchdog" "$(one_of 0 3 10 x)" ;;
	12) pk write "$1/isolation" "$(one_of bare guarded x)" ;;
	13) cat available last_error "$1"/* ;;
	*) whole_life "$1" ;;
	esac
}

writer()
{
	local count=0

	while [ -e "$TMP/go" ]; do
		operation "kst-$(below 6)"
		count=$((count + 1))
	done >/dev/null 2>&1
	echo $count >"$TMP/count.$1"
}

killer()
{
	while [ -e "$TMP/go" ]; do
		pk write "$1/state" kill
		sleep "0.$(below 10)"
	done >/dev/null 2>&1
}

# A writer that is stuck ends the test, as its partition does not come free.
storm()
{
	local pids="" nr pid

	: >"$TMP/go"
	for nr in $(seq $WRITERS); do
		writer "$nr" &
		pids="$pids $!"
	done
	for nr in "$@"; do
		killer "$nr" &
		pids="$pids $!"
	done
	sleep "$SECONDS_EACH"
	rm "$TMP/go"
	for pid in $pids; do
		wait "$pid"
	done
	note "$(cat "$TMP"/count.* | awk '{ sum += $1 } END { print sum }') operations"
	for nr in $(seq $WRITERS); do
		[ "$(cat "$TMP/count.$nr")" -gt 0 ] || return
	done
	rm "$TMP"/count.*
}

explainable()
{
	local dir

	for dir in kst-*; do
		[ -d "$dir" ] || continue
		note "$dir: $(state "$dir"): $(cat "$dir/reason")"
		is_sentence "x $(cat "$dir/reason")" &&
			same "$(wc -l <"$dir/last_error")" 1 || return
		case $(state "$dir") in
		empty) same "$(cat "$dir/image")" "" || return ;;
		loaded|booting|running|stopping|stopped|crashed) ;;
		*) return 1 ;;
		esac
	done
}

all_goes()
{
	remove_all && fails ls -d kst-* >/dev/null 2>&1
}

setup
need 6 1024
plan 9
for nr in 0 1 2 3 4 5; do
	whole_life kst-$nr >/dev/null 2>&1
done
all_goes || die "they do not go"
before=$(available_kb)
leaks_forget
works

check "$WRITERS writers do what they like" storm
check "what is left makes sense" explainable
check "they do so while each partition is killed again and again" \
	storm kst-0 kst-1 kst-2 kst-3 kst-4 kst-5
check "what is left makes sense then" explainable
check "all of it can be removed" all_goes
check "the boot kernel's own work was not disturbed" worked_on
check_or_skip "the boot kernel has no kmemleak" "no object is lost" no_leaks
check "no memory is lost" between "$(($(available_kb) - before))" -16384 1000000000
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
