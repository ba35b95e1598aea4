#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# As many partitions at once as the machine can hold: sixteen of one CPU, then
# of two CPUs until the low memory that their start needs is used up.

. "$(dirname "$0")/lib.sh"

NR=16
MIB=${PARKER_MIB:-96}

# one NAME CPUS: a running partition
one()
{
	make "$1" "$2" "${MIB}M" && up "$1"
}

sixteen()
{
	for nr in $(seq 1 $NR); do
		one "kst-$nr" "$(pick 1)" || return
	done
	all_running $NR
}

all_running()
{
	same "$(cat kst-*/state | grep -cx running)" "$1"
}

# What each says of itself is its own.
own_consoles()
{
	for part in kst-*; do
		! is_state "$part" running || same "$(says "$part" cpus)" "$1" || return
	done
}

# Until one is refused: that one says why.
as_many_as_possible()
{
	running=0
	while have 2 "$MIB"; do
		dir=kst-$((running + 1))
		make $dir "$(pick 2)" "${MIB}M" && load $dir || return
		pk write $dir/state start 2>/dev/null || break
		wait_state $dir running && wait_text $dir "app: ready" || return
		running=$((running + 1))
	done
	note "$running partitions of two CPUs run at once"
	[ $running -ge 8 ] && all_running $running
}

limit_is_explained()
{
	is_state "$dir" loaded && pk write "$dir/state" start ENOSPC &&
		is_sentence "$(cat "$dir/last_error")" && note "$(cat "$dir/last_error")" &&
		all_running "$running"
}

# Where one ends, the next can start.
one_ends_another_starts()
{
	pk write kst-1/state kill && start "$dir" && wait_state "$dir" running
}

setup
need 1 64
! has_smt || skip_all "the cores of this machine have several threads"
have $NR $((NR * MIB)) || skip_all "needs $NR CPUs and $((NR * MIB)) MiB to be available"
TWOS=$(($(nr_cpus "$(available_cpus)") / 2))
plan 8

check "$NR partitions of one CPU run at once" sixteen
check "each has one CPU" own_consoles 0
remove_all
check "all are gone" cpus_back
if have $((NR * 2)) $((TWOS * MIB)); then
	check "partitions of two CPUs run at once" as_many_as_possible
	check "each has two CPUs" own_consoles 0-1
else
	ktap_test_skip "partitions of two CPUs: needs $((NR * 2)) CPUs and $((TWOS * MIB)) MiB"
	ktap_test_skip "each has two CPUs"
	running=0 dir=
fi
if [ "$dir" ] && [ -d "$dir" ] && is_state "$dir" loaded; then
	check "the one past the limit is refused with a sentence" limit_is_explained
	check "it starts when another has ended" one_ends_another_starts
else
	ktap_test_skip "the one past the limit: there are more slots than CPUs"
	ktap_test_skip "it starts when another has ended"
fi
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
