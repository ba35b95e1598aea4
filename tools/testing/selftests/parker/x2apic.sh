#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Both kernels drive the local APICs in the same mode.
#
# PARKER_X2APIC=1  it is a failure if that is not x2APIC mode

. "$(dirname "$0")/lib.sh"

MESSAGE="x2apic enabled"

setup
need 2 256
if ! dmesg | grep -qi "$MESSAGE"; then
	[ "${PARKER_X2APIC:-0}" = 0 ] || die "the boot kernel's log does not say: $MESSAGE"
	skip_all "the boot kernel is not in x2APIC mode, or its log is lost"
fi
plan 3
make kst-a "$(pick 2)" 256M || die "no partition"

check "a kernel runs" up kst-a
check "it is in x2APIC mode, too" grep -qi "$MESSAGE" kst-a/console
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
