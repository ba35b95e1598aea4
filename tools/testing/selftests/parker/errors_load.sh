#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What cannot be loaded or started: each wrong image, flag and size gets its
# errno and a sentence, and leaves the image that was there.

. "$(dirname "$0")/lib.sh"

# load_file FILE [FLAGS] ERRNO
load_file()
{
	pk load ${3:+"-f"} ${3:+"$2"} "$(id_of kst-a)" "$1" - "" "${3:-$2}"
}

load_long()
{
	pk load "$(id_of kst-a)" "$KERNEL" - "$(printf '%04000d' 0)" "$1"
}

declares()
{
	cp "$KERNEL" "$TMP/declares-$1" && pk declare "$TMP/declares-$1" "$1" ||
		die "$KERNEL declares nothing"
}

start_errno()
{
	pk write kst-a/state start "$@"
}

# put32 FILE OFFSET VALUE: little endian
put32()
{
	local i byte bytes=

	for i in 0 8 16 24; do
		byte=$(printf '\\%03o' $((($3 >> i) & 255)))
		bytes=$bytes$byte
	done
	# shellcheck disable=SC2059
	printf "$bytes" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# get32 FILE OFFSET
get32()
{
	od -A n -t u4 -j "$2" -N 4 "$1" | tr -d ' '
}

# exaggerate FILE MIB: it claims to have so much when it is unpacked
exaggerate()
{
	local payload sectors

	sectors=$(od -A n -t u1 -j $((0x1f1)) -N 1 "$1" | tr -d ' ')
	payload=$(((sectors + 1) * 512 + $(get32 "$1" $((0x248)))))
	put32 "$1" $((payload + $(get32 "$1" $((0x24c))) - 4)) $(($2 << 20)) &&
		put32 "$1" $((0x260)) $(($2 << 20))
}

pages_allocated()
{
	awk '/^pgalloc_/ { sum += $2 } END { printf "%.0f\n", sum }' /proc/vmstat
}

# The memory that the image asks for is not taken before it is known to fit.
exaggerated_loads()
{
	local before pages

	cp "$KERNEL" "$TMP/exaggerated" && exaggerate "$TMP/exaggerated" 1024 || return
	before=$(pages_allocated)
	pk load "$(id_of kst-a)" "$TMP/exaggerated" - "" || return
	pages=$(($(pages_allocated) - before))
	rm "$TMP/exaggerated"
	note "$pages pages for an image that asks for 262144"
	same "$(field kst-a/image unpacked_bytes)" 0 && between "$pages" 1 65536
}

# The sentence says how much is needed, in its last number.
enough()
{
	needed=$(grep -oE '[0-9]+[KMG]?' "$TMP/sentence" | tail -n 1)
	note "needed: $needed"
	pk write kst-a/memory 0 && pk write kst-a/memory "$needed" && start kst-a &&
		wait_text kst-a "app: ready" && pk write kst-a/state kill
}

setup
need 1 256
plan 28
make kst-a "$(pick 1)" 256M || die "no partition"
FREE_ID=$(($(id_of kst-a) + 1000))
declares none
declares 0
declares 99
: >"$TMP/empty"
head -c 65536 /dev/zero >"$TMP/zeros"
head -c 4096 "$KERNEL" >"$TMP/short"

refuse ENOEXEC "*" kst-a "start with no image" start_errno
pk write kst-a/memory 0 || die "memory not given back"
refuse ENOMEM "*memory*" kst-a "a load without memory" load_file "$KERNEL"
pk write kst-a/memory 256M || die "no memory"
refuse EINVAL "*" kst-a "an empty file" load_file "$TMP/empty"
refuse ENOEXEC "*" kst-a "zeros" load_file "$TMP/zeros"
refuse ENOEXEC "*" kst-a "a program" load_file "$HERE/pk"
refuse ENOEXEC "*" kst-a "the begin of a kernel" load_file "$TMP/short"
refuse ENOEXEC "*application kernel*" kst-a "a kernel that declares nothing" \
	load_file "$TMP/declares-none"
refuse ENOEXEC "*version*" kst-a "a kernel that is too old" load_file "$TMP/declares-0"
refuse ENOEXEC "*99*" kst-a "a kernel that is too new" load_file "$TMP/declares-99"
if [ -r "${PARKER_FOREIGN_KERNEL:-}" ]; then
	refuse ENOEXEC "*application kernel*" kst-a "an ordinary kernel" \
		load_file "$PARKER_FOREIGN_KERNEL"
else
	ktap_test_skip "an ordinary kernel: set PARKER_FOREIGN_KERNEL"
fi

# In so little memory KASAN's table of stacks is made smaller than what is cleared
# of it, in the base's stack_depot_early_init().
CMDLINE="kst=1 stack_depot_disable=on"
load kst-a "$CMDLINE" || die "no image"
refuse ENOEXEC "*" kst-a "no image replaces the loaded one" load_file "$TMP/zeros"
refuse ENOEXEC "*" kst-a "nor does one that declares nothing" load_file "$TMP/declares-none"
refuse EINVAL "*" kst-a "a load for a crash" load_file "$KERNEL" 0x2
refuse EINVAL "*" kst-a "an unknown flag" load_file "$KERNEL" 0x4000
check "bits above the id: EINVAL" pk load -f 0x100000000 "$(id_of kst-a)" "$KERNEL" - "" EINVAL
check "the id of no partition: ENODEV" pk load "$FREE_ID" "$KERNEL" - "" ENODEV
check "no id: ENODEV" pk load 0 "$KERNEL" - "" ENODEV
check "unload, the id of no partition: ENODEV" pk unload "$FREE_ID" ENODEV
check "unload, no id: ENODEV" pk unload 0 ENODEV
refuse EINVAL "*4000*" kst-a "a command line too long" load_long
check "the image is still there" \
	eval 'is_state kst-a loaded && same "$(cat kst-a/command_line)" "$CMDLINE"'

check "an image that claims to need 1 GiB takes no such memory" exaggerated_loads
refuse ENOMEM "*[0-9]*" kst-a "it does not fit" start_errno
load kst-a "$CMDLINE" || die "no image"

pk write kst-a/cpus "" || die "CPU not given back"
refuse ENODEV "*CPU*" kst-a "start with no CPU" start_errno
pk write kst-a/cpus "$(pick 1)" || die "no CPU"
pk write kst-a/memory 4M || die "no memory"
refuse ENOMEM "*[0-9]*" kst-a "memory too small for the image" start_errno
cp kst-a/last_error "$TMP/sentence"
check "as much memory as the sentence says is enough" enough
pk write kst-a/memory 0 || die "memory not given back"
refuse ENOMEM "*memory*" kst-a "start with no memory" start_errno
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
