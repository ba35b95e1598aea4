#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The boot kernel works on while partitions come and go: its longest scheduling
# gap is compared with that of the same machine doing ordinary things to the
# same CPUs and as much memory.
#
# PARKER_SECONDS  length of each measurement (default: 10)
# PARKER_FACTOR   how many times longer the gap may be (default: 10, as an
#                 emulator on two cores adds much of its own)

. "$(dirname "$0")/lib.sh"

SECONDS_EACH=${PARKER_SECONDS:-10}
FACTOR=${PARKER_FACTOR:-10}

# CPUs go offline and online, and are busy; memory is filled and freed; an
# ordinary kexec image is loaded.
ordinary_things()
{
	while [ -e "$TMP/go" ]; do
		for cpu in $(expand "$CPUS"); do
			echo 0 >"$CPUDIR/cpu$cpu/online"
		done
		dd if=/dev/zero of="$TMP/fill/file" bs=1M count=256 2>/dev/null
		for cpu in $(expand "$CPUS"); do
			echo 1 >"$CPUDIR/cpu$cpu/online"
		done
		pk spin 2 "$CPUS"
		rm -f "$TMP/fill/file"
	done
}

partitions()
{
	while [ -e "$TMP/go" ]; do
		make kst-a "$CPUS" 256M && load kst-a "parker.app=busy" && start kst-a &&
			wait_state kst-a running || break
		pk poll -c kst-a/console 2 "never printed"
		remove kst-a || break
		echo x >>"$TMP/rounds"
	done
}

# gap_while COMMAND: prints the longest gap
gap_while()
{
	touch "$TMP/go"
	"$@" >"$TMP/log" 2>&1 &
	loop=$!
	CHILDREN="$CHILDREN $loop"
	pk gap "$SECONDS_EACH" "$OURS"
	rm -f "$TMP/go"
	wait $loop
}

# The best of three, as the machine may do something else meanwhile.
measure()
{
	for _ in 1 2 3; do
		control=$(gap_while ordinary_things)
		with=$(gap_while partitions)
		note "longest gap: $control us beside ordinary things, $with us beside partitions"
		[ "$with" -le $((control * FACTOR)) ] && return
	done
	return 1
}

setup
need 2 256
plan 3
CPUS=$(pick 2)
OURS=$(for cpu in $(expand "$(online)"); do
	has_cpu "$CPUS" "$cpu" || echo "$cpu"
done | collapse)
OFFLINED=$(expand "$CPUS")
mkdir "$TMP/fill" && mount -t tmpfs none "$TMP/fill" || die "no tmpfs"

check "the longest gap is at most $FACTOR times that of the control" measure
check "partitions ran meanwhile" between "$(wc -l <"$TMP/rounds")" 1 1000000
umount "$TMP/fill"
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
