#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# An application kernel that is older than the boot kernel, beside one that is not:
# all that they share is the hand-over block.
#
# PARKER_OLD_KERNEL  its bzImage

. "$(dirname "$0")/lib.sh"

# with_old COMMAND...: what is loaded is the old kernel
with_old()
{
	local new="$KERNEL" status=0

	KERNEL=$OLD
	"$@" || status=$?
	KERNEL=$new
	return $status
}

# Nobody knows how to relocate it, so that it unpacks itself.
unpacks_itself()
{
	same "$(field kst-old/image unpacked_bytes)" 0
}

is_older()
{
	local release oldest

	release=$(says kst-old release)
	note "the boot kernel is $(uname -r), this one $release"
	oldest=$(printf '%s\n' "$release" "$(uname -r)" | sort -V | head -n 1)
	same "$release" "$(field kst-old/image release)" && same "$release" "$oldest" &&
		fails [ "$release" = "$(uname -r)" ]
}

has_all_it_was_given()
{
	same "$(says kst-old cpus)" 0-3 && ram_is kst-old $((256 << 20)) &&
		same "$(says kst-old clocksource)" tsc &&
		same "$(grep -c "^app: has port" kst-old/console)" 1 &&
		same "$(says kst-old "has port")" "boot kernel" &&
		! grep -E "^app: has (iomem|pci|pnp|serio|rtc|acpi|dmi) " kst-old/console
}

# It wrote where the boot kernel reads, whatever else its version knows.
beats()
{
	seen=$(field kst-old/stat heartbeats)
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 1
		[ "$(field kst-old/stat heartbeats)" -gt "$seen" ] && return
	done
	return 1
}

stops()
{
	pk write kst-old/state stop && wait_state kst-old stopped crashed &&
		is_state kst-old stopped && same "$(cat kst-old/reason)" "powered off" &&
		grep -q "app: powering off" kst-old/console
}

kills()
{
	with_old up kst-old && pk write kst-old/state kill && is_state kst-old stopped &&
		same "$(cat kst-old/reason)" killed
}

panics()
{
	with_old load kst-old parker.app=crash && start kst-old &&
		wait_state kst-old crashed stopped && is_state kst-old crashed &&
		same "$(cat kst-old/reason)" "panic: sysrq triggered crash" &&
		grep -q "Call Trace" kst-old/console &&
		grep -q "end Kernel panic" kst-old/console
}

core_has_its_notes()
{
	dd if=kst-old/vmcore bs=64k count=2 2>/dev/null |
		grep -aq "OSRELEASE=$(field kst-old/image release)"
}

reboots()
{
	with_old load kst-old parker.app=reboot && start kst-old || return
	for _ in $(seq "$LIMIT"); do
		[ "$(field kst-old/stat restarts)" -lt 1 ] || return 0
		sleep 1
	done
	return 1
}

hotplugs()
{
	with_old up kst-old hotplug &&
		wait_text kst-old "app: hotplug ok" "app: hotplug failed" &&
		grep -q "app: hotplug ok" kst-old/console && is_state kst-old running
}

storms()
{
	with_old up kst-old storm parker.storm=500 && wait_text kst-old "app: storm end" &&
		is_state kst-old running
}

refuses_kexec()
{
	cp "$OLD" "$TMP/kernel" && app_initrd "$TMP/kernel" && with_old up kst-old kexec &&
		wait_text kst-old "app: kexec exec" &&
		grep -q "app: kexec load EPERM" kst-old/console
}

setup
need 5 700
OLD=${PARKER_OLD_KERNEL:-/boot/bzImage-6.1}
[ -r "$OLD" ] || skip_all "no older kernel: set PARKER_OLD_KERNEL"
plan 16

make kst-old "$(pick 4)" 256M || die "no partition"
make kst-new "$(pick 1)" 256M || die "no second partition"
check "an application kernel of the boot kernel's version runs" up kst-new
check "an older one runs beside it" with_old up kst-old
check "it is older" is_older
check "it was not unpacked when it was loaded" unpacks_itself
check "it has its CPUs and its memory, and nothing of the machine" has_all_it_was_given
check "its heart beats" beats
check "stop: it powers off" stops
check "kill" kills
check "its panic is reported with its message" panics
check "its core file has its notes" core_has_its_notes
check "its reboot restarts it" reboots
pk write kst-old/state kill
check "its CPUs go offline and online" hotplugs
pk write kst-old/state kill
check "its CPUs interrupt each other" storms
pk write kst-old/state kill
check "it cannot be replaced from within" refuses_kexec
check "the other one still runs" is_state kst-new running
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
