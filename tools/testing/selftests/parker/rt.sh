#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A real-time kernel on four CPUs beside the boot kernel: how long its tasks wait, with
# the boot kernel idle and at work, and the same on CPUs of the boot kernel itself. Its
# tasks may keep its CPUs from all other work, which is no hang.
#
# PARKER_TUNED_KERNEL  the real-time kernel
# PARKER_RT_PROGRAMS   folder with cyclictest, stress-ng, chrt and their libraries
# PARKER_RT_SECONDS    how long each is measured (default: 20)
# PARKER_RT_WORKERS    how many of each kind stress-ng has (default: one for each CPU)

. "$(dirname "$0")/lib.sh"

SECONDS_EACH=${PARKER_RT_SECONDS:-20}

# rt_app WORD ARGUMENT...: the work with these arguments in the partition
rt_app()
{
	pk load "$(id_of kst-rt)" "$RT" "$INITRD" \
		"parker.app=do parker.do=/extra/rt-work.sh,$(echo "$*" | tr ' ' ',')" &&
		start kst-rt && wait_state kst-rt running crashed stopped && is_state kst-rt running
}

results()
{
	tr -d '\r' | grep '^rt: ' | sed 's/^/# /'
}

# in_partition LABEL
in_partition()
{
	local status

	rt_app "$1" "$SECONDS_EACH" 0-3 && LIMIT=600 wait_text kst-rt "rt: $1 end"
	status=$?
	results <kst-rt/console
	pk write kst-rt/state kill && return $status
}

# in_boot_kernel LABEL: on as many of its CPUs
in_boot_kernel()
{
	"$PROGRAMS/rt-work.sh" "$1" "$SECONDS_EACH" "$CONTROL" >"$TMP/said" 2>&1 || {
		sed 's/^/# /' "$TMP/said"
		return 1
	}
	results <"$TMP/said"
	grep -q "rt: $1 end" "$TMP/said"
}

stress_begins()
{
	nr=${PARKER_RT_WORKERS:-$(nr_cpus "$(online)")}
	"$PROGRAMS/ld-linux-x86-64.so.2" --library-path "$PROGRAMS" "$PROGRAMS/stress-ng" \
		--cpu "$nr" --cpu-method int64 --switch "$nr" --timeout 1800 \
		--temp-path "$TMP" --quiet >"$TMP/stress" 2>&1 &
	STRESS=$!
	CHILDREN="$CHILDREN $STRESS"
	sleep 3
	kill -0 $STRESS && note "stress-ng runs on CPUs $(online), $nr workers of each kind"
}

stress_went_on()
{
	kill $STRESS || { sed 's/^/# /' "$TMP/stress"; return 1; }
	wait $STRESS
	return 0
}

# Longer than the watchdog waits, and than work may rest until that is told.
hogs()
{
	local seen stalled=0

	rt_app hog 20 0-3 && wait_text kst-rt "rt: hog begin" || return
	seen=$(field kst-rt/stat heartbeats)
	for _ in $(seq 16); do
		sleep 1
		[ "$(field kst-rt/stat work_stalled)" = 0 ] || stalled=1
		is_state kst-rt running || return
	done
	note "$(($(field kst-rt/stat heartbeats) - seen)) heartbeats, work_stalled was $stalled"
	[ "$(field kst-rt/stat heartbeats)" -gt "$seen" ] && same $stalled 1
}

goes_on()
{
	LIMIT=240 wait_text kst-rt "rt: hog end" && is_state kst-rt running &&
		pk write kst-rt/state stop && LIMIT=240 wait_state kst-rt stopped
}

setup
need 8 700
RT=${PARKER_TUNED_KERNEL:-/boot/tuned} PROGRAMS=${PARKER_RT_PROGRAMS:-/rt}
[ -r "$RT" ] || skip_all "no real-time kernel: set PARKER_TUNED_KERNEL"
[ -x "$PROGRAMS/cyclictest" ] || skip_all "no cyclictest: set PARKER_RT_PROGRAMS"
plan 11
ln -s "$HERE"/rt-work.sh "$HERE"/pk "$PROGRAMS/" 2>/dev/null
# shellcheck disable=SC2046
app_initrd $(find "$PROGRAMS" -type f ! -name 'stress-ng') "$HERE/rt-work.sh"
make kst-rt "$(pick 4)" 512M || die "no partition"
# The first ones are CPU 0 and who takes interrupts.
CONTROL=$(expand "$(online)" | sed -n '3,6p' | collapse)
note "the boot kernel has CPUs $(online), the real-time kernel $(cat kst-rt/cpus)"

check "the real-time kernel is measured, the boot kernel idle" in_partition app-idle
check "the same on CPUs of the boot kernel, idle" in_boot_kernel boot-idle
check "the boot kernel is loaded" stress_begins
check "the real-time kernel is measured, the boot kernel loaded" in_partition app-loaded
check "the same on CPUs of the boot kernel, loaded" in_boot_kernel boot-loaded
check "the load went on" stress_went_on
check "real-time tasks keep all its CPUs from other work, and that is no hang" hogs
check "it goes on when they end" goes_on
check "it crashed never" same "$(field kst-rt/stat crashes)" 0
remove_all
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
