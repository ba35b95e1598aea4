#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# An application kernel ends by its own will: the partition ends, never the
# machine.

. "$(dirname "$0")/lib.sh"

# ends ACTION REASON: stopped with a reason like it; all of its CPUs are proved
# stopped, so it can be started again.
ends()
{
	load kst-a "parker.app=$1" && start kst-a && wait_state kst-a stopped crashed &&
		is_state kst-a stopped && like "$(cat kst-a/reason)" "$2" || return
	grep -q "app: ready" kst-a/console
}

restarts()
{
	[ "$(field kst-a/stat restarts)" -ge "$1" ]
}

# waits_longer SECONDS...: it reboots again and again, and is started later each time
waits_longer()
{
	local seconds

	nr=$(field kst-a/stat restarts)
	start kst-a || return
	for seconds; do
		nr=$((nr + 1))
		wait_reason kst-a "rebooting; restart in $seconds s" &&
			same "$(field kst-a/stat restarts)" $nr &&
			like "$(cat kst-a/last_end)" "20*Z stopped: rebooting" || return
	done
}

# Each is a start from the pristine image.
reboots()
{
	load kst-a "parker.app=reboot" && waits_longer 1 2 &&
		until_true restarts $((nr + 1)) &&
		like "$(first_line)" "*Linux version*"
}

# The first of all that this kernel does is to ask for it.
reboots_at_once()
{
	pk load "$(id_of kst-a)" "$HERE/payload" - again && waits_longer 1 2 4
}

# The kernel may just have been started again, and not have said anything yet.
first_line()
{
	pk poll -c -p "" kst-a/console "$LIMIT" "Linux version" | head -n 1
}

# until_true COMMAND...: asked again after each change of the state
until_true()
{
	for _ in $(seq 20); do
		"$@" && return
		was=$(state kst-a)
		# shellcheck disable=SC2046
		pk poll kst-a/state "$LIMIT" >/dev/null \
			$(printf '%s\n' booting running stopping stopped crashed | grep -vx "$was")
	done
	"$@"
}

# ends_reboots SECONDS: after which it would have been started again
ends_reboots()
{
	pk write kst-a/state kill && is_state kst-a stopped &&
		same "$(cat kst-a/reason)" killed || return
	before=$(field kst-a/stat starts)
	# A restart that was on its way does not come.
	pk poll kst-a/state "$1" booting running >/dev/null
	is_state kst-a stopped && same "$(field kst-a/stat starts)" "$before"
}

no_answer_to_stop()
{
	pk write kst-a/stop_timeout 3 && up kst-a deaf && pk write kst-a/state stop &&
		is_state kst-a stopping && wait_state kst-a stopped &&
		like "$(cat kst-a/reason)" "*kill*" && pk write kst-a/stop_timeout 90
}

killed_while_stopping()
{
	up kst-a deaf && pk write kst-a/state stop && is_state kst-a stopping &&
		pk write kst-a/state kill && is_state kst-a stopped &&
		same "$(cat kst-a/reason)" killed
}

killed_while_booting()
{
	load kst-a && start kst-a && is_state kst-a booting &&
		pk write kst-a/state kill && is_state kst-a stopped &&
		same "$(cat kst-a/reason)" killed
}

# The kernel of the partition does not replace itself.
kexec_is_refused()
{
	cp "$KERNEL" "$TMP/kernel" && app_initrd "$TMP/kernel" && up kst-a kexec &&
		wait_text kst-a "app: kexec exec" || return
	tr -d '\r' <kst-a/console | grep "app: kexec" | sed 's/^/# /'
	tr -d '\r' <kst-a/console | grep -qx "app: kexec load EPERM" &&
		fails [ "$(says kst-a kexec)" = "exec 0" ] && is_state kst-a running
}

setup
need 2 512
plan 12
make kst-a "$(pick 2)" 384M || die "no partition"

check "poweroff: stopped, 'powered off'" ends poweroff "powered off"
check "halt: stopped" ends halt "*halt*"
check "poweroff once more, after the others" ends poweroff "powered off"
check "reboot: it is started again, and again" reboots
check "kill ends that" ends_reboots 2
check "reboot at once: it waits longer and longer" reboots_at_once
check "kill gives the pending restart up" ends_reboots 5
check "who does not power off is killed after stop_timeout" no_answer_to_stop
check "kill while stopping" killed_while_stopping
check "kill while booting" killed_while_booting
check "an ordinary kexec inside is refused" kexec_is_refused
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
