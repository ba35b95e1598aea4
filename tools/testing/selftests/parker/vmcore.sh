#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The memory of a crashed kernel is an ELF core file.
#
# PARKER_CORE  a file or disk that gets the core of a kernel that panicked on its CPU 2,
#              for a look with debuggers

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

# word OFFSET LENGTH: a number in the header of the core
word()
{
	od -A n -t "u$2" -j "$1" -N "$2" "$TMP/head" | tr -d ' '
}

# notes: task and instruction pointer of each set of registers, in order
notes()
{
	local at end name desc regs

	# Offset and length are in the first program header.
	at=$(word 72 8)
	end=$((at + $(word 96 8)))
	while [ "$at" -lt "$end" ]; do
		name=$((($(word "$at" 4) + 3) / 4 * 4))
		desc=$((($(word $((at + 4)) 4) + 3) / 4 * 4))
		regs=$((at + 12 + name))
		[ "$(word $((at + 8)) 4)" != 1 ] ||
			echo "$(word $((regs + 32)) 4) $(word $((regs + 240)) 8)"
		at=$((at + 12 + name + desc))
	done
}

# The one that panicked comes first and third, the one between has no registers.
notes_are_of_cpu_2()
{
	head -c 65536 kst-a/vmcore >"$TMP/head"
	notes >"$TMP/notes"
	sed 's/^/# /' "$TMP/notes"
	awk '{ task[NR] = $1; ip[NR] = $2 }
		END { exit !(NR == 3 && task[1] && task[1] == task[3] && !task[2] &&
			     ip[1] != "0" && ip[1] == ip[3] && ip[2] == "0") }' "$TMP/notes"
}

panics_on_cpu_2()
{
	pk write kst-a/cpus "$(pick 3)" && load kst-a "parker.app=crash parker.cpu=2" &&
		pk write kst-a/boot_timeout 60 && start kst-a && wait_state kst-a crashed &&
		core_has_notes && notes_are_of_cpu_2
}

# A file can be sent to another one from any place, as far as there is one.
sent_from()
{
	pk send kst-a/vmcore "$1" 4096 "$2"
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
plan 12
make kst-a "$(pick 1)" 256M || die "no partition"

check "there is no core before a start" no_core
load kst-a "$MARK_TEXT parker.app=crash" && start kst-a || die "no kernel"
check "nor of a kernel that boots" no_core
wait_state kst-a crashed || die "it does not crash"
check "a crashed one has its memory in it, and a header" core_is_whole
check "with its notes" core_has_notes
check "and with what was there" core_has_text
check "sendfile() takes it from its begin" sent_from 0 4096
check "and beyond 2 GiB, where nothing of this one is" sent_from $((5 << 30)) 0
check "it is gone when the kernel is given up" core_goes
check "a kernel that never reported has one, too" core_of_the_silent
pk write kst-a/state kill || die "not given up"
if [ "$(nr_cpus "$(available_cpus)")" -ge 3 ]; then
	check "the registers of a CPU are where debuggers look for them" panics_on_cpu_2
	is_kept || die "the core cannot be written to $PARKER_CORE"
	pk write kst-a/state kill
else
	ktap_test_skip "the registers of a CPU: needs 3 CPUs"
fi
check "which goes with the partition" pk rmdir kst-a
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
