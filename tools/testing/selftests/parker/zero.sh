#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory is cleared before it becomes another kernel's: what the boot kernel had
# in it when a partition takes it, what the partition had when it gives it back.
# Seen through /dev/mem, without CONFIG_STRICT_DEVMEM.

. "$(dirname "$0")/lib.sh"

# What the application kernel fills its memory with, backwards.
BACKWARDS=erehwyna-eb-yam-erofeb-ton-txet
MIB=512

available_mib()
{
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}

# Less is left than the partition takes, so that it gets some of this.
fill_memory()
{
	local nr=0 left

	left=$(($(available_mib) - MIB / 2))
	mkdir "$TMP/fill" && mount -t tmpfs -o size=100% none "$TMP/fill" || return
	yes "not-zero" | head -c 16m >"$TMP/fill/seed"
	while [ $((nr * 16)) -lt "$left" ]; do
		cp "$TMP/fill/seed" "$TMP/fill/$nr" || return
		nr=$((nr + 1))
	done
	note "$left MiB are filled"
}

takes()
{
	pk write kst-a/memory "${MIB}M" && same "$(memory_bytes kst-a)" $((MIB << 20))
}

# As an example, what the partition had a moment ago has it.
is_hit()
{
	between "$(pk find "$TMP/taken" orez-ton)" 1000000 $((MIB << 20))
}

cleared_when_taken()
{
	fill_memory && is_hit && umount "$TMP/fill" && takes && pk zero kst-a/memory
}

# fills: its kernel fills its memory with the text, and is killed; FOUND tells how
# often the text is there. No text is lost by that.
fills()
{
	up kst-a fill "parker.fill=$BACKWARDS" && wait_text kst-a "app: filled" &&
		pk write kst-a/state kill || return
	cp kst-a/memory "$TMP/had"
	FOUND=$(pk find "$TMP/had" "$BACKWARDS") || return
	lines=$(($(says kst-a filled | cut -d ' ' -f 1) << 15))
	between "$FOUND" "$lines" $((lines + lines / 8))
}

# is_cleared COMMAND...: the text is not there when it returns
is_cleared()
{
	[ "${FOUND:-0}" -gt 0 ] && "$@" && same "$(pk find "$TMP/had" "$BACKWARDS")" 0
}

# minus A B: what A lists and B, which is a part of it, does not
minus()
{
	local range at end

	while read -r range _; do
		at=$((${range%-*})) end=$((${range#*-}))
		while read -r range _; do
			[ $((${range%-*})) -ge $at ] && [ $((${range%-*})) -le $end ] || continue
			[ $((${range%-*})) = $at ] ||
				printf '0x%x-0x%x\n' $at $((${range%-*} - 1))
			at=$((${range#*-} + 1))
		done <"$2"
		[ $at -gt $end ] || printf '0x%x-0x%x\n' $at $end
	done <"$1"
}

# Half of its memory was filled and a quarter is kept, so that some of that goes.
# What is kept is not looked at: a copy of it would be left over in what went.
part_is_cleared()
{
	[ "${FOUND:-0}" -gt 0 ] && pk write kst-a/memory $((MIB / 4))M || return
	minus "$TMP/had" kst-a/memory >"$TMP/went"
	note "went: $(cat "$TMP/went")"
	same "$(pk find "$TMP/went" "$BACKWARDS")" 0
}

setup
need 1 $((MIB + 128))
pk mkdir kst-a && takes || die "no memory"
cp kst-a/memory "$TMP/taken"
pk zero kst-a/memory >"$TMP/log" 2>&1
[ $? != 4 ] || skip_all "$(cat "$TMP/log")"
plan 8
pk write kst-a/memory 0

if [ "$(available_mib)" -gt "${PARKER_PRESSURE_MAX:-16384}" ]; then
	ktap_test_skip "memory is taken: it would take long to fill it, set PARKER_PRESSURE_MAX"
else
	check "memory is cleared before an application kernel gets it" cleared_when_taken
	umount "$TMP/fill" 2>/dev/null
fi

pk write kst-a/cpus "$(pick 1)" && takes || die "no partition"
check "an application kernel's memory is as it was when it is killed" fills
check "what it gives back of it is cleared" part_is_cleared
check "what it gives back then is cleared" is_cleared pk write kst-a/memory 0
takes || die "no memory"
check "a new kernel fills it" fills
check "rmdir gives it back cleared" is_cleared pk rmdir kst-a
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
