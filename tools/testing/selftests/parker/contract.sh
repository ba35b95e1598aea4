#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The rules of versions of the hand-over block, in both directions: the boot kernel
# is made one that writes a version or features which the application kernel does not
# know, and an application kernel one that knows more than its boot kernel.
#
# PARKER_OLD_KERNEL  an older application kernel, to which the same applies

. "$(dirname "$0")/lib.sh"

SWITCH=/sys/kernel/debug/parker/contract
UNKNOWN=0x8000000000000000
ALL=0xffffffffffffffff

# writes VERSION OLDEST REQUIRED OPTIONAL: what the boot kernel does from now on
writes()
{
	pk write $SWITCH "$*"
}

as_it_is()
{
	writes "$OURS" 1 0 0
}

runs()
{
	up kst-a && is_state kst-a running && pk write kst-a/state kill
}

runs_under()
{
	writes "$@" && runs && as_it_is
}

load_errno()
{
	load kst-a "" "$1"
}

# The application kernel reads the block before it does anything else.
does_not_start_under()
{
	load kst-a parker.app=idle && writes "$@" && pk write kst-a/boot_timeout 10 &&
		start kst-a && wait_state kst-a crashed running && is_state kst-a crashed &&
		like "$(cat kst-a/reason)" "did not report within 10 s" &&
		same "$(cat kst-a/console)" "" &&
		as_it_is && pk write kst-a/boot_timeout 60
}

# other_one_runs KERNEL VERSION OLDEST [REQUIRED]: a kernel that declares these
other_one_runs()
{
	local version="$2" status=0

	cp "$1" "$TMP/other" && KERNEL=$TMP/other || return
	shift
	{ pk declare "$KERNEL" "$@" && runs && same "$(field kst-a/image contract)" "$version"; } ||
		status=1
	return $status
}

all_rules()
{
	KERNEL=$1
	check "$2 kernel runs" runs
	check "$2 kernel that knows a newer version runs" other_one_runs "$1" 99 "$OURS"
	check "$2 kernel of version 3, which knows no required feature, runs" \
		other_one_runs "$1" 3 1 0
	KERNEL=$1
	check "$2 kernel runs from a block of a newer version with unknown optional features" \
		runs_under 99 1 0 $ALL
	writes 99 99 0 0
	refuse ENOEXEC "*versions*99*" kst-a "$2 kernel for a block that only newer ones read" \
		load_errno
	writes "$OURS" 1 $UNKNOWN 0
	refuse ENOEXEC "*features*$UNKNOWN*" kst-a \
		"$2 kernel for required features it does not know" load_errno
	as_it_is
	check "$2 kernel halts where the block has required features it does not know" \
		does_not_start_under "$OURS" 1 $UNKNOWN 0
	check "$2 kernel halts where the block can be read by newer ones only" \
		does_not_start_under 99 99 0 0
}

end()
{
	as_it_is
	cleanup
}

setup
need 1 256
[ -w $SWITCH ] || skip_all "this kernel has no CONFIG_PARKER_DEBUG"
trap end EXIT
make kst-a "$(pick 1)" 256M && load kst-a || die "no partition"
OURS=$(field kst-a/image contract)
OLD=${PARKER_OLD_KERNEL:-}
[ -n "$OLD" ] && plan 17 || plan 9
all_rules "$KERNEL" "a"
[ -z "$OLD" ] || all_rules "$OLD" "an older"
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
