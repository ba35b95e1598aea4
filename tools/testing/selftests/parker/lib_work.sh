# SPDX-License-Identifier: GPL-2.0
# What bench.sh has done in several kernels: the work of steady and noise. Sourced by
# it.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

WORK=${PARKER_BENCH_INITRD:-/boot/bench-initrd}

# steady_run RUN WHERE
steady_run()
{
	ID=steady/$1/$2
	tell run "suite=steady where=$2 run=$1"
	tell_theirs
}

work_here()
{
	steady_run "$1" "$2"
	"$TMP/work/extra/bench-work.sh" "$ID" >"$TMP/said"
	worked <"$TMP/said"
}

# The values, if there are all
worked()
{
	tr -d '\r' >"$TMP/worked"
	grep '^bench: ' "$TMP/worked"
	! grep '^bench-work: .* failed' "$TMP/worked" &&
		grep -q "^bench-work: $ID end" "$TMP/worked" || die "not all of $ID"
}

# The work of $ID in kst-b, which is removed then
run_there()
{
	pk load "$(id_of kst-b)" "$KERNEL" "$WORK" \
		"quiet $LIKE_HERE parker.app=do parker.do=/extra/bench-work.sh,$ID" &&
		start kst-b && LIMIT=3600 wait_text kst-b "bench-work: $ID end"
	worked <kst-b/console
	remove kst-b || die "it does not end"
}

work_there()
{
	make kst-b "$(pick 1)" 256M || die "no partition"
	steady_run "$1" app
	run_there
}

unpack_work()
{
	mkdir "$TMP/work"
	(cd "$TMP/work" && cpio -i <"$WORK") 2>"$TMP/said" || die "no $WORK"
}

# The boot kernel has the same CPUs and memory throughout: what is given away stays so.
steady()
{
	local run

	some_parts
	tell about partitions "$NR"
	unpack_work
	each pk mkdir
	each give
	each put
	for run in $(seq "$RUNS"); do
		work_here "$run" alone
		work_here "$run" again
		work_there "$run"
	done
	each run
	for run in $(seq "$RUNS"); do
		work_here "$run" beside
	done
	each kill_one
	each remove
}

# It crashes, and is killed before it does so again.
a_life()
{
	make kst-b "$(pick 1)" 64M && load kst-b "quiet parker.app=crash" && start kst-b &&
		wait_state kst-b crashed && start kst-b &&
		wait_state kst-b running crashed && remove kst-b
}

hotplug_by_hand()
{
	off_and_on "$(pick 1)"
}

# tell_late RUN WHILE WHERE: of what rt-work.sh says
tell_late()
{
	tell run "suite=noise while=$2 where=$3 run=$1"
	tr -d '\r' >"$TMP/worked"
	sed -n 's/^rt: [^ ]* \(avg\|max\) /bench: value \1 /p
		s/^rt: [^ ]* bin \([0-9]*\) /bench: value bin_\1 /p' "$TMP/worked"
	grep -q "^rt: $2 end" "$TMP/worked" || die "$3, $2: $(cat "$TMP/worked")"
}

# late RUN WHILE: in the boot kernel, not on its first CPUs, which take interrupts
late()
{
	pk load "$(id_of kst-n)" "$KERNEL" "$WORK" \
		"quiet parker.app=do parker.do=/extra/rt-work.sh,$2,$((SECONDS_EACH + 2)),0" &&
		start kst-n && wait_text kst-n "app: ready" || die "no neighbour"
	"$TMP/work/extra/rt-work.sh" "$2" "$SECONDS_EACH" 2 >"$TMP/said" 2>&1
	tell_late "$1" "$2" boot <"$TMP/said"
	LIMIT=1200 wait_text kst-n "rt: $2 end"
	tell_late "$1" "$2" partition <kst-n/console
	pk write kst-n/state kill || die "the neighbour does not end"
}

# late_beside RUN WHILE COMMAND
late_beside()
{
	beside "$2" "$3"
	late "$1" "$2"
	went_on "$2" || die "$2 did not go on"
}

noise()
{
	local run

	SECONDS_EACH=${PARKER_BENCH_SECONDS:-10}
	tell about seconds "$SECONDS_EACH"
	unpack_work
	make kst-n "$(pick 1)" 256M || die "no partition"
	for run in $(seq "$RUNS"); do
		late "$run" nothing
		late_beside "$run" hotplug hotplug_by_hand
		late_beside "$run" lives a_life
	done
	remove kst-n
}
