#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What holds for any kexec, and for suspend: crash and reboot images, limits of
# loads, kexec_load_disabled, lockdown.
#
# To be run last: after what cannot be undone no kernel is loaded any more.
#
# PARKER_ONE_WAY=1  also does what cannot be undone until the machine restarts

. "$(dirname "$0")/lib.sh"

LIMIT_FILE=/proc/sys/kernel/kexec_load_limit_reboot
DISABLED=/proc/sys/kernel/kexec_load_disabled
SECURITY=/sys/kernel/security

# A whole life of a partition
lives()
{
	make kst-b "$CPU" 256M && up kst-b && pk write kst-b/state kill && remove kst-b
}

crash_image()
{
	if [ "$(cat /sys/kernel/kexec_crash_size 2>/dev/null || echo 0)" = 0 ]; then
		for what in "it is loaded" "it stays loaded" "it can be unloaded"; do
			ktap_test_skip "a crash image, $what: no crashkernel="
		done
		return
	fi
	if [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]; then
		ktap_test_skip "a crash image, it is loaded: it is already"
		check "a crash image, it stays loaded" eval 'lives && crash_is 1'
		ktap_test_skip "a crash image, it can be unloaded: it is the machine's"
		return
	fi
	check "a crash image, it is loaded" crash_load
	check "a crash image, it stays loaded" eval 'lives && crash_is 1'
	check "a crash image, it can be unloaded" crash_unload
}

own_image()
{
	check "an image for a reboot, it is loaded" own_load
	check "an image for a reboot, it stays loaded" eval 'lives && own_is 1'
	check "an image for a reboot, it can be unloaded" own_unload
}

# An alarm would wake the machine if it did fall asleep.
stays_awake()
{
	local alarm=/sys/class/rtc/rtc0/wakealarm ours='' how result=0

	[ ! -w $alarm ] || [ "$(cat $alarm)" ] || ! echo +30 >$alarm || ours=1
	for how in freeze disk; do
		grep -qw $how /sys/power/state || continue
		pk write /sys/power/state $how EBUSY || result=1
	done
	log_since | grep -q "no suspend while partitions have CPUs" || result=1
	[ -z "$ours" ] || echo 0 >$alarm
	return $result
}

suspend_is_refused()
{
	if ! grep -qw freeze /sys/power/state 2>/dev/null; then
		ktap_test_skip "no suspend beside a partition with CPUs: no suspend"
		ktap_test_skip "no suspend beside one that runs: no suspend"
		return
	fi
	check "no suspend beside a partition with CPUs" stays_awake
	up kst-a || die "not running"
	check "no suspend beside one that runs" eval 'stays_awake && is_state kst-a running'
	pk write kst-a/state kill
}

# The limit is about the machine's own images, which it does count.
not_counted()
{
	echo 3 >$LIMIT_FILE && load kst-a && load kst-a && load kst-a && load kst-a &&
		pk unload "$(id_of kst-a)" && same "$(cat $LIMIT_FILE)" 3 &&
		own_load && same "$(cat $LIMIT_FILE)" 2 && own_unload
}

nothing_left()
{
	echo 0 >$LIMIT_FILE && fails own_load >/dev/null && load kst-a "kst=1"
}

limit()
{
	case $(cat $LIMIT_FILE 2>/dev/null || echo 0) in
	-1|[4-9]|[1-9]?*)
		check "loads of partitions are not counted" not_counted
		check "they go on when no other load is left" nothing_left
		;;
	*)
		ktap_test_skip "loads of partitions are not counted: no limit, or used up"
		ktap_test_skip "they go on when no other load is left: no limit, or used up"
		;;
	esac
}

image_is_kept()
{
	is_state kst-a loaded && same "$(cat kst-a/command_line)" kst=1
}

start_errno()
{
	pk write kst-a/state start "$1"
}

# lock_down LEVEL
lock_down()
{
	echo "$1" >$SECURITY/lockdown && like "$(cat $SECURITY/lockdown)" "*[[]$1]*" ||
		die "no lockdown"
}

core_can_be_read()
{
	head -c 4 kst-b/vmcore | grep -q ELF
}

# core_is_refused ERRNO: EPERM
core_is_refused()
{
	fails core_can_be_read 2>"$TMP/said" && grep -q "Operation not permitted" "$TMP/said"
}

crashes()
{
	make kst-b "$CPU" 256M && load kst-b parker.app=crash && start kst-b &&
		wait_state kst-b crashed
}

locked_down()
{
	crashes || die "no crash"
	lock_down integrity
	refuse EPERM "load: *no signature of the image was verified*" kst-a "lockdown: a load" \
		load kst-a "kst=2"
	check "lockdown: the image that was loaded is kept" image_is_kept
	refuse EPERM "start: *no signature of the image was verified*" kst-a \
		"lockdown: its start" start_errno
	check "lockdown: it can be unloaded" pk unload "$(id_of kst-a)"
	check "lockdown: a vmcore can be read" core_can_be_read
	lock_down confidentiality
	refuse EPERM "vmcore: *locked down for confidentiality*" kst-b \
		"lockdown for confidentiality: a vmcore" core_is_refused
	remove kst-b
}

# mk/configs has a kernel that verifies signatures.
lockdown()
{
	local mounted=''

	[ -e $SECURITY/lockdown ] || ! mount -t securityfs none $SECURITY 2>/dev/null || mounted=1
	case $(cat $SECURITY/lockdown 2>/dev/null) in
	"[none]"*integrity*)
		locked_down
		;;
	*)
		for what in load image start unload core confidentiality; do
			ktap_test_skip "lockdown, $what: no lockdown, or it is on already"
		done
		;;
	esac
	[ -z "$mounted" ] || umount $SECURITY
}

disabled()
{
	if ! [ -e $DISABLED ] || ! echo 1 >$DISABLED; then
		ktap_test_skip "kexec_load_disabled: a load fails: no such file"
		ktap_test_skip "kexec_load_disabled: an unload fails: no such file"
		return
	fi
	check "kexec_load_disabled: a load fails" load kst-a "kst=3" EPERM
	check "kexec_load_disabled: an unload fails" pk unload "$(id_of kst-a)" EPERM
}

one_way()
{
	limit
	# Loads fail in any case after the next, and all of kexec after the last.
	lockdown
	disabled
}

setup
"$KEXEC" --version >/dev/null 2>&1 || skip_all "no kexec: set PARKER_KEXEC"
[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || skip_all "an image for a reboot is loaded"
need 2 512
plan 19
make kst-a "$(pick 1)" 256M || die "no partition"
CPU=$(pick 1)

crash_image
own_image
suspend_is_refused
if [ "${PARKER_ONE_WAY:-0}" = 0 ]; then
	for what in 1 2 3 4 5 6 7 8 9 10; do
		ktap_test_skip "one way, $what: PARKER_ONE_WAY is not set"
	done
else
	one_way
fi
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
