#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The memory of a crashed kernel is an ELF core file.
#
# PARKER_CORE  a file or disk that gets such a core, for a look with gdb

. "$(dirname "$0")/lib.sh"

MARK_TEXT="kst.mark=Rumpelstilzchen"

no_core()
{
	fails cat kst-a/vmcore >/dev/null 2>"$TMP/said" &&
		like "$(cat "$TMP/said")" "*No data available*"
}

# page_at OFFSET: how much can be read there
page_at()
{
	dd if=kst-a/vmcore bs=4096 skip=$(($1 / 4096)) count=1 2>/dev/null | wc -c
}

# The memory, and a header before it.
core_is_whole()
{
	local bytes

	bytes=$(memory_bytes kst-a)
	same "$(head -c 4 kst-a/vmcore | od -A n -t x1 | tr -d ' ')" 7f454c46 &&
		same "$(page_at "$bytes")" 4096 && same "$(page_at $((bytes + 65536)))" 0
}

core_has_notes()
{
	head -c 65536 kst-a/vmcore >"$TMP/head"
	grep -qa "VMCOREINFO" "$TMP/head" && grep -qa "OSRELEASE=$(uname -r)" "$TMP/head" &&
		grep -qa "KERNELOFFSET=" "$TMP/head"
}

# Its command line, in memory that was its own.
core_has_text()
{
	tail -c +65536 kst-a/vmcore | grep -qa "$MARK_TEXT"
}

is_kept()
{
	[ -z "${PARKER_CORE:-}" ] || cat kst-a/vmcore >"$PARKER_CORE"
}

# Who has it open gets nothing of a later kernel.
core_goes()
{
	exec 9<kst-a/vmcore
	head -c 4 <&9 >/dev/null || return
	pk write kst-a/state kill || return
	fails cat <&9 >/dev/null 2>&1
	ret=$?
	exec 9<&-
	[ $ret = 0 ] && no_core
}

# What died before it said anything of itself
core_of_the_silent()
{
	cp "$KERNEL" "$TMP/stalled" && pk stall "$TMP/stalled" &&
		pk load "$(id_of kst-a)" "$TMP/stalled" "$INITRD" "$MARK_TEXT" &&
		pk write kst-a/boot_timeout 3 && start kst-a && wait_state kst-a crashed &&
		core_is_whole && fails core_has_notes
}

setup
need 1 256
plan 9
make kst-a "$(pick 1)" 256M || die "no partition"

check "there is no core before a start" no_core
load kst-a "$MARK_TEXT parker.app=crash" && start kst-a || die "no kernel"
check "nor of a kernel that boots" no_core
wait_state kst-a crashed || die "it does not crash"
check "a crashed one has its memory in it, and a header" core_is_whole
check "with its notes" core_has_notes
check "and with what was there" core_has_text
is_kept || die "the core cannot be written to $PARKER_CORE"
check "it is gone when the kernel is given up" core_goes
check "a kernel that never reported has one, too" core_of_the_silent
check "which goes with the partition" pk rmdir kst-a
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
