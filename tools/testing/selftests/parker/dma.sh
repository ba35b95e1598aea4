#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A device whose DMA goes anywhere reaches its partition's memory, and not a byte
# beside it: while the kernel runs, while it is killed, and after it.
#
# PARKER_DMA_TARGETS  at how many addresses it aims, 60 when not set

. "$(dirname "$0")/lib.sh"

# Memory of the boot kernel with a pattern, the places of which are told.
guard()
{
	rm -f "$TMP/end"
	: >"$TMP/targets"
	pk guard 64 "$TMP/targets" "$TMP/end" >"$TMP/guarded" 2>&1 &
	GUARD=$!
	CHILDREN="$CHILDREN $GUARD"
	while [ "$(wc -l <"$TMP/targets")" -lt 1000 ]; do
		kill -0 $GUARD || return
		sleep 1
	done
}

# aims COUNT: the init of the kernel that does it
aims()
{
	load kst-a "parker.app=do parker.do=pk,dma,$PCIDIR/$EDU,$1,/extra/targets;echo,dma,end" &&
		start kst-a && wait_state kst-a running && wait_text kst-a "own memory: "
}

reaches_nothing_else()
{
	aims "$TARGETS" && LIMIT=$((LIMIT + TARGETS)) wait_text kst-a "dma end" || return
	grep "leaked" kst-a/console | sed 's/^/# /'
	grep -q "own memory: reached" kst-a/console &&
		grep -q "^$TARGETS targets, 0 leaked" kst-a/console
}

counted()
{
	note "dma_faults $(field kst-a/stat dma_faults)"
	[ "$(field kst-a/stat dma_faults)" -gt $((TARGETS / 4)) ] &&
		log_since | grep -q "parker: kst-a: DMA of $EDU to 0x[0-9a-f]* was blocked"
}

# What becomes of its memory is the boot kernel's, which nobody may write to.
killed_meanwhile()
{
	local faults

	aims 100000 && sleep 2 && pk write kst-a/state kill && is_state kst-a stopped &&
		fails masters "$EDU" || return
	faults=$(field kst-a/stat dma_faults)
	sleep 2
	same "$(field kst-a/stat dma_faults)" "$faults" && pk write kst-a/memory 0 &&
		zeroes >"$TMP/zeroes" && sleep 2 &&
		same "$(md5sum <"$TMP/zeroes")" "$(zeroes | md5sum)"
}

zeroes()
{
	dd if=/dev/zero bs=1M count=256 2>/dev/null
}

unharmed()
{
	: >"$TMP/end"
	wait $GUARD
	status=$?
	note "$(cat "$TMP/guarded")"
	same $status 0
}

setup
EDU=$(awk '$1 == "device" && $3 == "1234:11e8" && $NF == "ok" { print $2; exit }' available)
need_pci "QEMU's edu device behind an IOMMU" "$EDU"
need 1 800
TARGETS=${PARKER_DMA_TARGETS:-60}
plan 6
guard || skip_all "no memory that can be watched"
app_initrd "$TMP/targets"
make kst-a "$(pick 1)" 256M || die "no partition"
give kst-a "$EDU" || die "not given"
check "of $TARGETS addresses it reaches none that is not its own" reaches_nothing_else
check "each that was blocked is told and counted" counted
pk write kst-a/state kill
check "killed in the middle of it, it reaches nothing any more" killed_meanwhile
check "the boot kernel's memory is as it was" unharmed
remove_all
check "the device is the boot kernel's again" like "$(grep "$EDU" available)" "* ok"
check "no warning" log_clean
finish
