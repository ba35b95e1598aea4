#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Beside the boot kernel run at the same time: a real-time kernel of its version, an
# older kernel, and the smallest one again and again.
#
# PARKER_TUNED_KERNEL  PARKER_OLD_KERNEL  PARKER_SANDBOX_KERNEL  PARKER_SANDBOX_INITRD

. "$(dirname "$0")/lib.sh"

# up_as NAME KERNEL
up_as()
{
	local general="$KERNEL" status=0

	KERNEL=$2
	up "$1" || status=1
	KERNEL=$general
	return $status
}

sandbox_round()
{
	start kst-tiny && wait_state kst-tiny stopped crashed >/dev/null &&
		is_state kst-tiny stopped && grep -q "sandboxed: hello" kst-tiny/console
}

rounds()
{
	pk load "$(id_of kst-tiny)" "$SANDBOX" "$SANDBOX_INITRD" quiet || return
	for _ in 1 2 3 4 5; do
		sandbox_round || return
		is_state kst-rt running && is_state kst-old running || return
	done
}

beats()
{
	local seen name

	for name in kst-rt kst-old; do
		seen=$(field $name/stat heartbeats)
		sleep 3
		[ "$(field $name/stat heartbeats)" -gt "$seen" ] || return
	done
}

three_releases()
{
	note "boot kernel $(uname -r), $(says kst-rt release), $(says kst-old release)," \
		"$(field kst-tiny/image release)"
	same "$(says kst-rt release)" "$(uname -r)" && like "$(says kst-old release)" "6.1.*" &&
		grep -q "PREEMPT_RT" kst-rt/console &&
		same "$(field kst-tiny/image release)" "$(uname -r)"
}

# One that dies is nobody else's trouble.
old_one_dies()
{
	local general="$KERNEL"

	pk write kst-old/state kill || return
	KERNEL=$OLD
	load kst-old parker.app=crash
	KERNEL=$general
	start kst-old && wait_state kst-old crashed && is_state kst-rt running && sandbox_round
}

setup
need 4 700
RT=${PARKER_TUNED_KERNEL:-/boot/tuned} OLD=${PARKER_OLD_KERNEL:-/boot/bzImage-6.1}
SANDBOX=${PARKER_SANDBOX_KERNEL:-/boot/sandbox}
SANDBOX_INITRD=${PARKER_SANDBOX_INITRD:-/boot/sandbox-initrd}
for file in "$RT" "$OLD" "$SANDBOX" "$SANDBOX_INITRD"; do
	[ -r "$file" ] || skip_all "no $file"
done
plan 8
make kst-rt "$(pick 2)" 256M && make kst-old "$(pick 2)" 256M &&
	make kst-tiny "$(pick 1)" 64M || die "no partitions"
check "the real-time kernel runs" up_as kst-rt "$RT"
check "the old one runs beside it" up_as kst-old "$OLD"
works
check "the smallest one runs and ends beside them, five times" rounds
check "they are of three kinds" three_releases
check "the hearts of both beat" beats
check "a panic of the old one harms nobody" old_one_dies
check "the boot kernel worked on" worked_on
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
