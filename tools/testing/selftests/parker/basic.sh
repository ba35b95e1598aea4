#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The life of two application kernels beside the boot kernel: made, loaded,
# started, stopped, started again, killed, removed.

. "$(dirname "$0")/lib.sh"

SIZE=536870912
LINE="parker.app=idle kst.word=1"

made_by_steps()
{
	pk mkdir kst-web && pk write kst-web/cpus "$CPUS" && pk write kst-web/memory 512M &&
		same_list "$(cat kst-web/cpus)" "$CPUS" &&
		same "$(memory_bytes kst-web)" $SIZE && is_state kst-web empty
}

cpus_are_taken()
{
	for cpu in $(expand "$CPUS"); do
		has_cpu "$(online)" "$cpu" && return 1
		has_cpu "$(available_cpus)" "$cpu" && return 1
	done
	for cpu in $(expand "$ONLINE_BEFORE"); do
		has_cpu "$CPUS" "$cpu" || has_cpu "$(online)" "$cpu" || return
	done
}

loaded()
{
	load kst-web "$LINE" && is_state kst-web loaded &&
		same "$(cat kst-web/command_line)" "$LINE" &&
		same "$(field kst-web/image kernel_bytes)" "$(wc -c <"$KERNEL")" &&
		same "$(field kst-web/image initrd_bytes)" "$(wc -c <"$INITRD")"
}

# Its states in order, as one sees who waits for changes.
passes()
{
	want=$1
	shift
	pk poll kst-web/state "$LIMIT" "${want##* }" >"$TMP/seen" &
	watcher=$!
	"$@"
	wait $watcher
	# The state before the command may be seen, too.
	like "$(tr '\n' ' ' <"$TMP/seen")" "*$want "
}

inside()
{
	wait_text kst-web "app: ready" &&
		same "$(says kst-web release)" "$(field kst-web/image release)" &&
		same "$(says kst-web cpus)" "0-$(($(nr_cpus "$CPUS") - 1))" &&
		ram_is kst-web $SIZE &&
		same "$(says kst-web cmdline)" "$LINE"
}

from_first_line()
{
	like "$(head -n 1 "$1/console")" "*Linux version*"
}

second_beside()
{
	cpus2=$(pick 2)
	make kst-db "$cpus2" 256M && up kst-db &&
		same "$(says kst-db cpus)" "0-$(($(nr_cpus "$cpus2") - 1))" &&
		ram_is kst-db $((256 << 20)) &&
		from_first_line kst-db && is_state kst-web running
}

# It makes progress: its heartbeat is newer than the one that was seen.
beats()
{
	seen=$(field kst-db/stat heartbeats)
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(field kst-db/stat heartbeats)" -gt "$seen" ] && return
		sleep 1
	done
	return 1
}

stopped()
{
	passes "stopping stopped" pk write kst-web/state stop &&
		same "$(cat kst-web/reason)" "powered off" &&
		grep -q "app: powering off" kst-web/console
}

runs_again()
{
	passes "booting running" start kst-web && inside &&
		same "$(field kst-web/stat starts)" 2 && from_first_line kst-web &&
		! grep -q "app: powering off" kst-web/console
}

killed()
{
	pk write "$1/state" kill && is_state "$1" stopped &&
		same "$(cat "$1/reason")" killed && same "$(field "$1/stat" kills)" 1 &&
		grep -q "app: ready" "$1/console"
}

idempotent()
{
	pk write kst-web/state stop && pk write kst-web/state kill && is_state kst-web stopped
}

unloaded()
{
	pk write kst-web/state unload && is_state kst-web empty &&
		same "$(cat kst-web/image)" "" && same "$(cat kst-web/command_line)" ""
}

setup
need 4 700
plan 18
AVAILABLE=$(available_cpus)
CPUS=$(pick 4)
IOMEM=$(cat /proc/iomem)

check "a partition of 4 CPUs and 512M is made in steps" made_by_steps
check "its CPUs, and no others, are not the boot kernel's" cpus_are_taken
check "an image is loaded" loaded
check "start: booting, then running" passes "booting running" start kst-web
check "inside: release, CPUs, memory and command line are right" inside
check "its console begins with its first line" from_first_line kst-web
if have 2 400; then
	check "a second partition, made by one line, runs beside it" second_beside
	check "the second partition's heart beats" beats
else
	ktap_test_skip "a second partition: needs 2 more CPUs and 400 MiB"
	ktap_test_skip "the second partition's heart beats"
fi
check "stop: it powers off" stopped
check "start after stop: it runs from the pristine image" runs_again
if [ -d kst-db ]; then
	check "the second one still runs, unharmed" beats
	check "the second one is killed, its console is kept" killed kst-db
else
	ktap_test_skip "the second one still runs"
	ktap_test_skip "the second one is killed"
fi
check "kill: it is stopped at once" killed kst-web
check "stop and kill of a stopped one do nothing" idempotent
check "unload: the partition is empty" unloaded
remove_all
check "all CPUs are back" cpus_back
check "all is available as before" same "$(available_cpus)$(cat /proc/iomem)" "$AVAILABLE$IOMEM"
check "no warning" log_clean
finish
