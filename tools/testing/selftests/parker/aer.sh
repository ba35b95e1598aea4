#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# An error of a port, reported by AER, below which one function is the boot kernel's and
# another one a partition's: the first recovers, as on any machine, and a kernel that uses
# the second goes on where nothing is lost, and ends where the port is reset.

. "$(dirname "$0")/lib.sh"

# two_below: an e1000e and another network device below the same root port
two_below()
{
	local one two

	for one in $(can_give 02 e1000e); do
		for two in $(can_give 02 virtio-pci); do
			[ "$(port_of "$one")" != "$(port_of "$two")" ] || echo "$one $two"
		done
	done
}

# inject ERROR: into that port
inject()
{
	SEEN=$(log_since | wc -l)
	like "$(host monitor "pcie_aer_inject_error $1")" "OK *"
}

# wait_log TEXT: in what the kernel printed since the last error was injected
wait_log()
{
	for _ in $(seq "$LIMIT"); do
		! log_since | tail -n "+$((SEEN + 1))" | grep -q "$1" || return 0
		sleep 1
	done
	log_since | tail -n "+$((SEEN + 1))" | sed 's/^/# /'
	return 1
}

recovers()
{
	wait_log "$PORT: AER: device recovery" && wait_log "$PORT: AER: device recovery successful"
}

works()
{
	same "$(driver_of "$OWN")" e1000e && masters "$OWN" &&
		like "$(cat "/sys/class/net/$NAME/operstate")" up
}

used()
{
	give kst-a "$GIVEN" && up kst-a && same "$(says kst-a "has pci")" "$GIVEN"
}

# What the link corrected, and what only one transfer was lost by
goes_on()
{
	inject "$1" && wait_log "$2" && is_state kst-a running && alive
}

alive()
{
	local beats

	beats=$(field kst-a/stat heartbeats)
	for _ in $(seq "$LIMIT"); do
		[ "$(field kst-a/stat heartbeats)" = "$beats" ] || return 0
		sleep 1
	done
	return 1
}

ends()
{
	inject "port4 DLP" && wait_state kst-a crashed stopped quarantined &&
		is_state kst-a crashed && same "$(cat kst-a/reason)" "PCIe error at $GIVEN"
}

starts_again()
{
	start kst-a && wait_state kst-a running crashed && wait_text kst-a "app: ready" &&
		same "$(says kst-a "has pci")" "$GIVEN" && pk write kst-a/state kill &&
		is_state kst-a stopped
}

idle_recovers()
{
	inject "port4 DLP" && recovers && is_state kst-a stopped && fails masters "$GIVEN" &&
		pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok &&
		same "$(config_of "$GIVEN")" "$BEFORE"
}

setup
PAIR=$(two_below | nth 1)
OWN=${PAIR% *} GIVEN=${PAIR#* }
need_pci "an e1000e and a virtio network device below one root port" "$PAIR"
need_host
PORT=$(port_of "$OWN")
NAME=$(net_of "$OWN")
need 1 300
plan 10
BEFORE=$(config_of "$GIVEN")
make kst-a "$(pick 1)" 200M || die "no partition"
ip link set "$NAME" up || die "no network device"
check "a kernel uses the one, the boot kernel the other" used
check "it goes on after a corrected error" goes_on "port4 RCVR" "$PORT.*[Cc]orrect"
check "it goes on after an error that is not fatal" \
	goes_on "port4 COMP_TIME" "$PORT: AER: device recovery successful"
check "a fatal error ends it" ends
check "the port recovers" recovers
check "the boot kernel's device works" works
check "the kernel starts again, with its function" starts_again
check "a fatal error while no kernel uses it: all recovers" idle_recovers
check "the boot kernel's device works" works
ip link set "$NAME" down
remove_all
check "no warning" log_clean
finish
