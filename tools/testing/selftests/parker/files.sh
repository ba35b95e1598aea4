#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every file of the interface is there with its mode, reads as described, and
# every mount shows the same.

. "$(dirname "$0")/lib.sh"

ROOT_FILES="version:444 available:444 create:200 check:200 last_error:444"
FILES="id:444 cpus:644 memory:644 devices:644 state:644 reason:444 image:444
	command_line:400 console:400 watchdog:644 boot_timeout:644
	stop_timeout:644 on_crash:644 isolation:644 stat:444 last_error:444"
# What an empty partition says; "-" is nothing at all.
DEFAULTS="state:empty cpus:- memory:- devices:- image:- command_line:- console:-
	watchdog:10 boot_timeout:60 stop_timeout:90 on_crash:stay isolation:bare
	last_error:ok"
SETTINGS="watchdog:0 watchdog:3600 boot_timeout:5 stop_timeout:5 on_crash:restart
	on_crash:stay isolation:bare"

has_mode()
{
	same "$(stat -c %a "$1")" "$2"
}

reads()
{
	same "$(cat "$1")" "$2"
}

keeps()
{
	pk write "$1" "$2" && reads "$1" "$2" && reads kst-a/last_error ok
}

available_is_well_formed()
{
	! grep -Ev -e '^cpus( [0-9,-]+)?$' -e '^memory node[0-9]+ [0-9]+ largest [0-9]+$' \
		-e '^device .* group .*$' -e '^quarantined cpus .* memory [0-9]+$' available
}

stat_is_flat()
{
	! grep -Ev '^[a-z_]+ [^ ]+$' kst-a/stat
}

ids_differ()
{
	first=$(id_of kst-a)
	between "$first" 1 65535 || return
	pk rmdir kst-a && pk mkdir kst-a || return
	fails [ "$(id_of kst-a)" = "$first" ]
}

second_mount()
{
	mkdir "$TMP/mnt" && pk mount "$TMP/mnt" || return
	ls "$TMP/mnt" >"$TMP/second"
	pk mkdir "$TMP/mnt/kst-b"
	umount "$TMP/mnt"
	ls >"$TMP/first"
	[ -d kst-b ] && pk rmdir kst-b && grep -vx kst-b "$TMP/first" | cmp - "$TMP/second"
}

lives_without_mount()
{
	before=$(id_of kst-a)
	cd / && umount $ROOT && mount -t parker none $ROOT && cd $ROOT || return
	same "$(id_of kst-a)" "$before"
}

setup
# shellcheck disable=SC2086
plan $(($(echo $ROOT_FILES $FILES $DEFAULTS $SETTINGS | wc -w) + 7))

for row in $ROOT_FILES; do
	check "${row%:*} has mode ${row#*:}" has_mode "${row%:*}" "${row#*:}"
done
check "version is 1" reads version 1
check "available has one item a line" available_is_well_formed

pk mkdir kst-a || die "mkdir failed"
for row in $FILES; do
	check "NAME/${row%:*} has mode ${row#*:}" has_mode "kst-a/${row%:*}" "${row#*:}"
done
for row in $DEFAULTS; do
	value=${row#*:}
	check "NAME/${row%:*} of an empty partition: $value" \
		reads "kst-a/${row%:*}" "${value#-}"
done
check "stat is flat" stat_is_flat
for row in $SETTINGS; do
	check "NAME/${row%:*} can be ${row#*:}" keeps "kst-a/${row%:*}" "${row#*:}"
done
check "an id is not used again at once" ids_differ
check "a second mount shows the same" second_mount
if [ "$MOUNTED" ]; then
	check "a partition lives on without a mount" lives_without_mount
else
	ktap_test_skip "a partition lives on without a mount: mounted by others"
fi
check "no warning" log_clean
finish
