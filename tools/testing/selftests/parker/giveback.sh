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

setup
DISKS="$(nvme_disks | nth 2) $(virtio_disks | nth 1)"
ADDRESSES="$DISKS $(can_give 02 e1000e | nth 1) $(can_give 02 virtio-pci | nth 2)"
[ "$(echo "$ADDRESSES" | wc -w)" = 4 ] ||
	need_pci "two NVMe disks, a virtio disk and three network devices" ""
need 2 400
plan 3
ROUNDS=${PARKER_GIVE_ROUNDS:-5}
make kst-a "$(pick 2)" 256M || die "no partition"
all_as_before >"$TMP/all"
SUMS=$(checksums)
check "$ROUNDS rounds of give, start, use, kill, take back" rounds
check "no access was blocked" same "$(field kst-a/stat dma_faults)" 0
remove_all
check "no warning" log_clean
finish
