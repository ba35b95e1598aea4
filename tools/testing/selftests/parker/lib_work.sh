# SPDX-License-Identifier: GPL-2.0
# What bench.sh has done in several kernels: the work of steady. Sourced by it.
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

work_there()
{
	make kst-b "$(pick 1)" 256M || die "no partition"
	steady_run "$1" app
	pk load "$(id_of kst-b)" "$KERNEL" "$WORK" \
		"quiet $LIKE_HERE parker.app=do parker.do=/extra/bench-work.sh,$ID" &&
		start kst-b && LIMIT=3600 wait_text kst-b "bench-work: $ID end"
	worked <kst-b/console
	remove kst-b || die "it does not end"
}

unpack_work()
{
	mkdir "$TMP/work"
	(cd "$TMP/work" && cpio -i <"$WORK") || die "no $WORK"
}

# Those that stay need not be started again and again.
steady()
{
	local run

	some_parts
	tell about partitions "$NR"
	unpack_work
	for run in $(seq "$RUNS"); do
		work_here "$run" alone
		work_here "$run" again
		work_there "$run"
	done
	each pk mkdir
	each give
	each put
	each run
	for run in $(seq "$RUNS"); do
		work_here "$run" beside
	done
	each kill_one
	each remove
}
