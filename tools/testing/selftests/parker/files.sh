#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every file of the interface is there with its mode, reads as described, and
# every mount shows the same.

. "$(dirname "$0")/lib.sh"

ROOT_FILES="version:444 available:400 create:200 check:200 last_error:444"
FILES="id:444 cpus:644 memory:644 devices:644 state:644 reason:444 last_end:444 image:444
	command_line:400 console:400 vmcore:400 watchdog:644 boot_timeout:644
	stop_timeout:644 on_crash:644 isolation:644 on_violation:644 stat:444 last_error:444"
ISOLATION=$(cat /sys/module/parker/parameters/isolation)
# What an empty partition says; "-" is nothing at all.
DEFAULTS="state:empty last_end:- cpus:- memory:- devices:- image:- command_line:- console:-
	watchdog:10 boot_timeout:60 stop_timeout:90 on_crash:stay isolation:$ISOLATION
	on_violation:stop last_error:ok"
SETTINGS="watchdog:0 watchdog:3600 boot_timeout:5 stop_timeout:5 on_crash:restart
	on_crash:stay isolation:bare on_violation:log on_violation:stop"

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
		-e '^device .* group .*$' -e '^isolation (bare|guarded) .+$' \
		-e '^quarantined cpus .* memory [0-9]+$' available
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

prints_much()
{
	make kst-a "$(pick 1)" 256M && up kst-a flood && wait_text kst-a "app: flood end" &&
		pk write kst-a/state kill && cat kst-a/console >"$TMP/console"
}

# lost: how many bytes the first line says are lost
lost()
{
	sed -n '1s/^\[\([0-9]*\) bytes lost\]$/\1/p' "$TMP/console"
}

# Without the line that says so.
kept()
{
	tail -n +2 "$TMP/console"
}

lost_and_kept_is_all()
{
	between "$(lost)" 1 $((1 << 24)) && between "$(kept | wc -c)" 262144 $((1 << 20)) &&
		same "$(field kst-a/stat console_bytes)" $(($(lost) + $(kept | wc -c))) &&
		between "$(field kst-a/stat console_bytes)" $((1 << 20)) $((1 << 24))
}

# What was printed last is there, a line in a hundred may be torn.
ends_in_order()
{
	kept | awk '/^app: flood *[0-9]* [.]*$/ {
			if ($3 + 0 <= last) wrong = $3
			last = $3 + 0
			count++
		}
		END {
			print "# " count " lines up to", last, wrong
			exit wrong || last != 40960 || count < 8192 * 0.99
		}'
}

# reads_from POSITION: what is read from this offset is the text of that position
reads_from()
{
	dd if=kst-a/console of="$TMP/piece" bs=4096 skip=$(($1 / 4096)) count=1 2>/dev/null
	kept | tail -c +$(($1 - $(lost) + 1)) | head -c 4096 | cmp - "$TMP/piece"
}

reads_from_offsets()
{
	local end

	end=$(($(field kst-a/stat console_bytes) / 4096 * 4096))
	reads_from $((end - 8192)) && reads_from $((end - 262144 + 4096)) &&
		same "$(wc -c <"$TMP/piece")" 4096 && reads_from "$end"
}

# A kernel is needed for that, and for nothing else here.
console_overflows()
{
	if ! (need 1 256) >"$TMP/why"; then
		for what in "$PRINTS" "$LOST" "$ENDS" "$OFFSETS"; do
			ktap_test_skip "$what: $(sed 's/.*# SKIP *//' "$TMP/why" | tail -n 1)"
		done
		return
	fi
	need 1 256
	check "$PRINTS" prints_much
	check "$LOST" lost_and_kept_is_all
	check "$ENDS" ends_in_order
	check "$OFFSETS" reads_from_offsets
	remove kst-a
}

PRINTS="a kernel prints more than 1 MiB"
LOST="NAME/console says how much was lost, and has the rest, at least 256 KiB"
ENDS="NAME/console has the last text in order"
OFFSETS="an offset in NAME/console is a position in the stream"

setup
# shellcheck disable=SC2086
plan $(($(echo $ROOT_FILES $FILES $DEFAULTS $SETTINGS | wc -w) + 11))

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
remove_all
console_overflows
check "no warning" log_clean
finish
