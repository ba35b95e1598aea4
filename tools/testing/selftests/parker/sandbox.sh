#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The smallest application kernel, beside the general one: how large it is, with how
# little memory it starts, how soon its program speaks, how many system calls it has.
#
# PARKER_SANDBOX_KERNEL  its bzImage, built with config-sandbox
# PARKER_SANDBOX_INITRD  initrd with sandboxed as init
# PARKER_CALLS           how many system calls the general one and it have: N,N

. "$(dirname "$0")/lib.sh"

TEXT="sandboxed: hello"

# speaks MEMORY KERNEL: with that much memory; says in $usec how long it took
speaks()
{
	local from

	pk write kst-box/memory 0 && pk write kst-box/memory "$1" || return
	pk load "$(id_of kst-box)" "$2" "$INITRD" quiet 2>/dev/null || return
	from=$(uptime_usec)
	pk write kst-box/state start 2>/dev/null || return
	pk poll -c kst-box/console 20 "$TEXT" "Kernel panic" >/dev/null
	usec=$(($(uptime_usec) - from))
	if grep -q "$TEXT" kst-box/console; then
		wait_state kst-box stopped crashed >/dev/null
		return
	fi
	# It may not even be able to panic.
	pk write kst-box/state kill
	return 1
}

uptime_usec()
{
	awk '{ printf "%.0f\n", $1 * 1000000 }' /proc/uptime
}

# least KERNEL: MiB with which it speaks, in steps of 2 MiB
least()
{
	local low=0 high=128 middle

	speaks ${high}M "$1" || return
	while [ $((high - low)) -gt 2 ]; do
		middle=$(((low + high) / 4 * 2))
		if speaks ${middle}M "$1"; then high=$middle; else low=$middle; fi
	done
	echo $high
}

# soonest KERNEL: milliseconds from the start to the text, the best of three
soonest()
{
	local best=999999999

	for _ in 1 2 3; do
		speaks 128M "$1" || return
		[ "$usec" -ge "$best" ] || best=$usec
	done
	echo $((best / 1000))
}

# measure KERNEL: bytes, MiB, milliseconds
measure()
{
	local mib ms

	mib=$(least "$1") && ms=$(soonest "$1") && echo "$(wc -c <"$1") $mib $ms"
}

ends_by_itself()
{
	speaks 64M "$SANDBOX" && wait_state kst-box stopped crashed && is_state kst-box stopped &&
		same "$(cat kst-box/reason)" "powered off"
}

line()
{
	note "$(printf '%-9s %12s %12s %14s %14s' "$@")"
}

setup
need 1 128
SANDBOX=${PARKER_SANDBOX_KERNEL:-/boot/sandbox}
INITRD=${PARKER_SANDBOX_INITRD:-/boot/sandbox-initrd}
[ -r "$SANDBOX" ] && [ -r "$INITRD" ] || skip_all "no sandbox: set PARKER_SANDBOX_KERNEL"
CALLS=${PARKER_CALLS:-?,?}
plan 6
pk mkdir kst-box && pk write kst-box/cpus "$(pick 1)" || die "no partition"
check "it runs its program and ends" ends_by_itself
general=$(measure "$KERNEL") small=$(measure "$SANDBOX")
note
line kernel "image, bytes" "memory, MiB" "start, ms" "system calls"
# shellcheck disable=SC2086
{ line general $general "${CALLS%,*}"; line sandbox $small "${CALLS#*,}"; }
note
# shellcheck disable=SC2086
set -- $general $small
check "both could be measured" same $# 6
check "its image is smaller" [ "${4:-9}" -lt "${1:-0}" ]
check "it starts with less memory" [ "${5:-9}" -lt "${2:-0}" ]
check "its program speaks sooner" [ "${6:-9}" -lt "${3:-0}" ]
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
