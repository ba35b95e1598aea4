#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The boot kernel takes CPUs offline and online, loads ordinary kexec images and
# has its CPUs interrupt each other while partitions come and go: neither
# disturbs the other.
#
# PARKER_HOTPLUG_ROUNDS  how many come and go beside each (default: 3)

. "$(dirname "$0")/lib.sh"

ROUNDS=${PARKER_HOTPLUG_ROUNDS:-3}

# Until the file is gone; says how often, or what went wrong.
hotplug_loop()
{
	local count=0

	while [ -e "$TMP/go" ]; do
		echo 0 >"$CPUDIR/cpu$1/online" && echo 1 >"$CPUDIR/cpu$1/online" || break
		count=$((count + 1))
		echo $count >"$TMP/hotplug"
	done
	[ ! -e "$TMP/go" ] || echo failed >"$TMP/hotplug"
}

kexec_loop()
{
	local count=0

	while [ -e "$TMP/go" ]; do
		"$KEXEC" -s -l "$KERNEL" --initrd="$INITRD" --command-line=own &&
			"$KEXEC" -s -u || break
		count=$((count + 1))
		echo $count >"$TMP/kexec"
	done
	[ ! -e "$TMP/go" ] || echo failed >"$TMP/kexec"
}

# Calls of a function on all CPUs that are online, whatever they are just then.
storm_loop()
{
	local count=0

	while [ -e "$TMP/go" ]; do
		pk storm membarrier 100 >/dev/null && pk storm mprotect 100 >/dev/null || break
		count=$((count + 200))
		echo $count >"$TMP/storm"
	done
	[ ! -e "$TMP/go" ] || echo failed >"$TMP/storm"
}

# Each kind of end in turn, and one that is not waited for.
rounds()
{
	for round in $(seq 1 "$ROUNDS"); do
		make kst-a "$MINE" 256M && load kst-a && start kst-a || return
		case $((round % 3)) in
		0) ;;
		1) wait_state kst-a running && pk write kst-a/state kill || return ;;
		2) wait_state kst-a running && wait_text kst-a "app: ready" &&
			pk write kst-a/state stop && wait_state kst-a stopped &&
			same "$(cat kst-a/reason)" "powered off" || return ;;
		esac
		remove kst-a || return
	done
}

beside()
{
	"$@" 2>"$TMP/stderr" &
	loop=$!
	CHILDREN="$CHILDREN $loop"
}

# beside_went_on FILE: the loop made progress, and did not fail
beside_went_on()
{
	rm -f "$TMP/go"
	wait $loop
	touch "$TMP/go"
	note "$1: $(cat "$TMP/$1" 2>/dev/null || echo 0) times beside $ROUNDS rounds"
	sed 's/^/# /' "$TMP/stderr"
	between "$(cat "$TMP/$1" 2>/dev/null || echo 0)" 1 1000000
}

setup
need 2 256
plan 9
OTHER=$(pick 1 | sed 's/[,-].*//')
OFFLINED=$OTHER
expand "$(siblings_of "$OTHER")" >"$TMP/other"
MINE=$(expand "$(available_cpus)" | grep -vxF -f "$TMP/other" | sort -rn | head -n 2)
if has_smt; then
	MINE=$(siblings_of "$(echo "$MINE" | head -n 1)")
else
	MINE=$(echo "$MINE" | collapse)
fi
touch "$TMP/go"

beside hotplug_loop "$OTHER"
check "partitions come and go beside CPU hotplug" rounds
check "CPU $OTHER went offline and online all the time" beside_went_on hotplug
check "it is online" has_cpu "$(online)" "$OTHER"
if "$KEXEC" --version >/dev/null 2>&1; then
	beside kexec_loop
	check "partitions come and go beside kexec -l and -u" rounds
	check "these went on all the time" beside_went_on kexec
	check "no image of the machine's own is loaded" same "$(cat /sys/kernel/kexec_loaded)" 0
else
	for what in "beside kexec" "kexec went on" "no image"; do
		ktap_test_skip "$what: no kexec"
	done
fi
beside storm_loop
check "partitions come and go beside storms of interrupts" rounds
check "these went on all the time" beside_went_on storm
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
