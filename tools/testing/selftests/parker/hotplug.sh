#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The boot kernel takes CPUs offline and online, loads ordinary kexec images and
# has its CPUs interrupt each other while partitions come and go: neither
# disturbs the other.
#
# PARKER_HOTPLUG_ROUNDS  how many come and go beside each (default: 3)

. "$(dirname "$0")/lib.sh"

ROUNDS=${PARKER_HOTPLUG_ROUNDS:-3}

load_and_unload()
{
	"$KEXEC" -s -l "$KERNEL" --initrd="$INITRD" --command-line=own && "$KEXEC" -s -u
}

# Calls of a function on all CPUs that are online, whatever they are just then.
call_all()
{
	pk storm membarrier 100 >/dev/null && pk storm mprotect 100 >/dev/null
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

beside hotplug off_and_on "$OTHER"
check "partitions come and go beside CPU hotplug" rounds
check "CPU $OTHER went offline and online all the time" went_on hotplug
check "it is online" has_cpu "$(online)" "$OTHER"
if "$KEXEC" --version >/dev/null 2>&1; then
	beside kexec load_and_unload
	check "partitions come and go beside kexec -l and -u" rounds
	check "these went on all the time" went_on kexec
	check "no image of the machine's own is loaded" same "$(cat /sys/kernel/kexec_loaded)" 0
else
	for what in "beside kexec" "kexec went on" "no image"; do
		ktap_test_skip "$what: no kexec"
	done
fi
beside storm call_all
check "partitions come and go beside storms of interrupts" rounds
check "these went on all the time" went_on storm
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
