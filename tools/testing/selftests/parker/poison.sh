#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pages with memory errors: the next kernel of a partition does not get them, its core
# file can be read, and they never come back.

. "$(dirname "$0")/lib.sh"

POISON=/sys/kernel/debug/hwpoison/corrupt-pfn
PAGE=4096

# poison ADDRESS: as if the memory had reported it. The boot kernel marks the page, and
# says that it can do no more.
poison()
{
	pk write $POISON $(($1 / PAGE)) EBUSY
}

region_start()
{
	sed -n '1s/-.*//p' kst-a/memory
}

region_end()
{
	echo $(($(sed -n '1s/^0x[0-9a-f]*-\(0x[0-9a-f]*\) .*/\1/p' kst-a/memory) + 1))
}

bad_pages_are()
{
	same "$(field kst-a/stat bad_pages)" "$1"
}

# in_ram ADDRESS: does the kernel have it as memory?
in_ram()
{
	local range

	for range in $(tr -d '\r' <kst-a/console | sed -n 's/^app: ram //p'); do
		[ $(($1)) -lt $((0x${range%-*})) ] || [ $(($1)) -gt $((0x${range#*-})) ] || return 0
	done
	return 1
}

# unusable ADDRESS...: those pages are no memory of the kernel, the next ones are
unusable()
{
	local address

	for address; do
		tr -d '\r' <kst-a/console |
			grep -q "$(printf 'Parker: \[mem 0x%016x-.*\] unusable' "$address")" &&
			fails in_ram "$address" || return
	done
	is_state kst-a running
}

restart()
{
	pk write kst-a/state kill && up kst-a idle
}

# At its begin the kernel's code, which is not zero
poison_while_it_runs()
{
	load kst-a "parker.app=do parker.do=tell;trap,crash,USR2" && start kst-a &&
		wait_text kst-a "app: told" || return
	CODE=0x$(says kst-a code | cut -d - -f 1)
	poison "$CODE" && is_state kst-a running && bad_pages_are 1
}

# u64 OFFSET: of the core file
u64()
{
	od -A n -t u8 -j "$1" -N 8 "$TMP/head" | tr -d ' '
}

# core_page ADDRESS: the page in the core file. The first program header is that of the
# notes; the second one tells an address and its place.
core_page()
{
	local at

	head -c 4096 kst-a/vmcore >"$TMP/head"
	at=$(($(u64 128) + $1 - $(u64 144)))
	dd if=kst-a/vmcore bs=$PAGE skip=$((at / PAGE)) count=1 2>/dev/null | od -A n -v -t x8
}

has_zeroes()
{
	fails grep -q '[1-9a-f]'
}

core_can_be_read()
{
	pk write kst-a/state stop && wait_state kst-a crashed || return
	core_page "$CODE" >"$TMP/bad"
	core_page $((CODE + PAGE)) >"$TMP/good"
	same "$(wc -l <"$TMP/bad")" 256 && has_zeroes <"$TMP/bad" &&
		fails has_zeroes <"$TMP/good" &&
		[ "$(cat kst-a/vmcore | wc -c)" -gt "$(memory_bytes kst-a)" ]
}

# Where the parts of a kernel go: among them its top. Code begins elsewhere than INSIDE.
parts_go_around()
{
	START=$(region_start)
	END=$(region_end)
	INSIDE=$((START + (16 << 20) + 5 * PAGE))
	poison $INSIDE && poison $((END - PAGE)) && poison $((END - 9 * PAGE)) && restart &&
		unusable "$CODE" $INSIDE $((END - PAGE)) $((END - 9 * PAGE)) && bad_pages_are 4
}

too_many()
{
	local i

	for i in $(seq 32); do
		poison $((START + (32 << 20) + i * 3 * PAGE)) || return
	done
	pk write kst-a/state kill || return
	bad_pages_are 36
}

# All the memory that there is has none of them.
never_again()
{
	local range

	pk write kst-a/memory 0 && bad_pages_are 0 || return
	pk write kst-a/memory 256M && bad_pages_are 0 || return
	up kst-a idle && fails grep -q unusable kst-a/console
}

setup
[ -d /sys/kernel/debug/hwpoison ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
[ -w $POISON ] || modprobe hwpoison_inject 2>/dev/null
[ -w $POISON ] || skip_all "this kernel has no CONFIG_HWPOISON_INJECT"
need 1 768
plan 9
make kst-a "$(pick 1)" 256M || die "no partition"

check "an error while a kernel runs is counted, and the kernel runs on" poison_while_it_runs
check "the core file has zeroes in its place" core_can_be_read
check "the next kernel does not get that page" eval 'restart && unusable "$CODE"'
check "nor is a part of it put on such pages" parts_go_around
check "36 places are too many" too_many
refuse ENOMEM "start: the memory has errors in 36 places*take other memory*" kst-a \
	"that is said" pk write kst-a/state start
check "other memory has none of these pages" never_again
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
