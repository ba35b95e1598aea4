#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Who is not root cannot change anything, and sees what everybody may see.

. "$(dirname "$0")/lib.sh"

NOBODY=65534

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

setup
[ -f /proc/self/uid_map ] || skip_all "no user namespaces"
plan 21
pk mkdir kst-a || die "mkdir failed"
copy_pk || die "no copy of pk"

for file in create check kst-a/cpus kst-a/memory kst-a/devices kst-a/state \
	kst-a/watchdog kst-a/on_crash; do
	check "a user writes $file: EACCES" cannot_open $file 1
done
check "a user makes a partition: EACCES" as_nobody "$TMP/pk" mkdir kst-b EACCES
check "a user removes one: EACCES" as_nobody "$TMP/pk" rmdir kst-a EACCES
for file in version available kst-a/state kst-a/cpus kst-a/reason; do
	check "a user reads $file" can_read $file
done
for file in kst-a/console kst-a/command_line; do
	check "a user does not read $file" fails can_read $file 2>/dev/null
done
check "root opens, a user writes: EPERM" pk write -u $NOBODY kst-a/watchdog 3 EPERM
check "nothing has changed" same "$(cat kst-a/watchdog)" 10
check "mount in a user namespace: EPERM" pk userns "$TMP/pk" mount "$TMP" EPERM
check "no warning" log_clean
finish
