#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Given, used, killed and taken back, again and again: all is as before each time,
# and the boot kernel's drivers work with it.
#
# PARKER_GIVE_ROUNDS  how many rounds, 5 when not set

. "$(dirname "$0")/lib.sh"

all_as_before()
{
	local address

	for address in $ADDRESSES; do
		config_of "$address"
	done
}

# The first MiB of each disk, read anew.
checksums()
{
	local address disk

	for address in $DISKS; do
		disk=$(disk_of "$address")
		[ -n "$disk" ] || { sleep 2; disk=$(disk_of "$address"); }
		dd if="/dev/$disk" bs=1M count=1 iflag=direct 2>/dev/null | md5sum
	done
}

uses_them()
{
	local address

	for address in $ADDRESSES; do
		grep -q "app: has pci $address" kst-a/console || return
	done
	same "$(grep -c "app: has pci " kst-a/console)" "$(echo "$ADDRESSES" | wc -w)"
}

# shellcheck disable=SC2086
one_round()
{
	give kst-a $ADDRESSES && up kst-a && uses_them && pk write kst-a/state kill &&
		for address in $ADDRESSES; do fails masters "$address" || return; done &&
		pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok || return
	all_as_before >"$TMP/after"
	if ! cmp -s "$TMP/all" "$TMP/after"; then
		diff "$TMP/all" "$TMP/after" | sed 's/^/# /'
		return 1
	fi
	same "$(checksums)" "$SUMS"
}

rounds()
{
	local round

	for round in $(seq "$ROUNDS"); do
		one_round || { note "round $round of $ROUNDS"; return 1; }
	done
	note "$ROUNDS rounds"
}

# resettable: the functions that could be given and are reset by a request to themselves,
# which takes 100 ms or more
resettable()
{
	local address

	for address in $(can_give); do
		! grep -qw flr "$PCIDIR/$address/reset_method" || echo "$address"
	done
}

hundredths()
{
	cut -d ' ' -f 1 /proc/uptime | tr -d .
}

# kill_time: how long a kill takes, in ms
kill_time()
{
	local begin

	begin=$(hundredths)
	pk write kst-a/state kill || return
	echo $((($(hundredths) - begin) * 10))
}

# One by one they would take N times 100 ms at least.
reset_together()
{
	local many time nr

	many=$(resettable) && nr=$(echo "$many" | wc -l) && [ "$nr" -ge 6 ] || return
	# shellcheck disable=SC2086
	give kst-a $many || return
	for _ in 1 2 3; do
		up kst-a && time=$(kill_time) || return
		note "$nr functions: $time ms"
		[ "$time" -ge $((nr * 100)) ] || break
	done
	pk write kst-a/devices "" && [ "$time" -lt $((nr * 100)) ]
}

setup
DISKS="$(nvme_disks | nth 2) $(virtio_disks | nth 1)"
ADDRESSES="$DISKS $(can_give 02 e1000e | nth 1) $(can_give 02 virtio-pci | nth 2)"
[ "$(echo "$ADDRESSES" | wc -w)" = 4 ] ||
	need_pci "two NVMe disks, a virtio disk and three network devices" ""
need 2 400
plan 4
ROUNDS=${PARKER_GIVE_ROUNDS:-5}
make kst-a "$(pick 2)" 256M || die "no partition"
all_as_before >"$TMP/all"
SUMS=$(checksums)
check "$ROUNDS rounds of give, start, use, kill, take back" rounds
check "no access was blocked" same "$(field kst-a/stat dma_faults)" 0
check "all functions are reset at the same time" reset_together
remove_all
check "no warning" log_clean
finish
