#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Who is not root, or lacks the capability, cannot change anything, and sees what
# everybody may see.

. "$(dirname "$0")/lib.sh"

NOBODY=65534
FILES="kst-a/cpus kst-a/memory kst-a/devices kst-a/state kst-a/watchdog kst-a/boot_timeout
	kst-a/stop_timeout kst-a/on_crash kst-a/isolation"

as_nobody()
{
	pk as $NOBODY "$@"
}

# pk lies where nobody may look.
copy_pk()
{
	chmod 755 "$TMP" && cp "$HERE/pk" "$TMP/pk" && chmod 755 "$TMP/pk"
}

cannot_open()
{
	as_nobody "$TMP/pk" write "$1" "$2" EACCES
}

can_read()
{
	as_nobody cat "$1" >/dev/null
}

users()
{
	for file in create check $FILES; do
		check "a user writes $file: EACCES" cannot_open "$file" 1
	done
	check "a user makes a partition: EACCES" as_nobody "$TMP/pk" mkdir kst-b EACCES
	check "a user removes one: EACCES" as_nobody "$TMP/pk" rmdir kst-a EACCES
	for file in version kst-a/state kst-a/cpus kst-a/reason; do
		check "a user reads $file" can_read "$file"
	done
	for file in available kst-a/console kst-a/command_line; do
		check "a user does not read $file" fails can_read $file 2>/dev/null
	done
	refuse EPERM "*CAP_SYS_ADMIN*" kst-a "root opens, a user writes" \
		pk write -u $NOBODY kst-a/watchdog 3
}

# Root without CAP_SYS_ADMIN may open the files, as they are root's.
no_sys_admin()
{
	for file in $FILES; do
		refuse EPERM "*CAP_SYS_ADMIN*" kst-a "root without CAP_SYS_ADMIN writes $file" \
			pk uncap CAP_SYS_ADMIN pk write "$file" 1
	done
	for file in create check; do
		refuse EPERM "*CAP_SYS_ADMIN*" . "root without CAP_SYS_ADMIN writes $file" \
			pk uncap CAP_SYS_ADMIN pk write $file "kst-b cpus=$(pick 1) memory=64M"
	done
	for who in opener writer; do
		refuse EPERM "*CAP_SYS_ADMIN*" kst-a "the $who has no CAP_SYS_ADMIN" \
			pk lack $who CAP_SYS_ADMIN kst-a/watchdog 3
	done
	refuse EPERM "*CAP_SYS_ADMIN*" . "root without CAP_SYS_ADMIN makes a partition" \
		pk uncap CAP_SYS_ADMIN pk mkdir kst-b
	refuse EPERM "*CAP_SYS_ADMIN*" . "root without CAP_SYS_ADMIN removes one" \
		pk uncap CAP_SYS_ADMIN pk rmdir kst-a
}

# load_without CAPABILITY, and unload_without
load_without()
{
	pk uncap "$1" pk load "$(id_of kst-a)" "$KERNEL" "$INITRD" "kst=2" EPERM
}

unload_without()
{
	pk uncap "$1" pk unload "$(id_of kst-a)" EPERM
}

image_is_kept()
{
	is_state kst-a loaded && same "$(cat kst-a/command_line)" kst=1
}

# What concerns kernels needs CAP_SYS_BOOT, too, but their end does not.
no_sys_boot()
{
	load kst-a "kst=1" || die "no image"
	for cap in CAP_SYS_BOOT CAP_SYS_ADMIN; do
		check "root without $cap loads: EPERM" load_without $cap
		check "root without $cap unloads by kexec: EPERM" unload_without $cap
	done
	refuse EPERM "*CAP_SYS_BOOT*" kst-a "root without CAP_SYS_BOOT starts" \
		pk uncap CAP_SYS_BOOT pk write kst-a/state start
	for who in opener writer; do
		refuse EPERM "*CAP_SYS_BOOT*" kst-a "start, and the $who has no CAP_SYS_BOOT" \
			pk lack $who CAP_SYS_BOOT kst-a/state start
	done
	check "the image is as it was" image_is_kept
	start kst-a || die "not started"
	check "root without CAP_SYS_BOOT kills" pk uncap CAP_SYS_BOOT pk write kst-a/state kill
}

setup
need 1 256
plan 48
make kst-a "$(pick 1)" 256M || die "no partition"
copy_pk || die "no copy of pk"

users
if [ -f /proc/self/uid_map ]; then
	check "mount in a user namespace: EPERM" pk userns "$TMP/pk" mount "$TMP" EPERM
else
	ktap_test_skip "mount in a user namespace: no user namespaces"
fi
no_sys_admin
no_sys_boot
check "nothing else has changed" same "$(cat kst-a/watchdog)" 10
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
