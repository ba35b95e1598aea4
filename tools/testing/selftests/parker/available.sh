#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A read of available is cheap: for root only, made in one pass, and it waits for no
# driver.

. "$(dirname "$0")/lib.sh"

NOBODY=65534
TRACING=/sys/kernel/tracing
BUS=/sys/bus/pci/drivers/virtio-pci

not_by_a_user()
{
	fails pk as $NOBODY cat available >/dev/null 2>"$TMP/said" &&
		like "$(cat "$TMP/said")" "*Permission denied*"
}

# Addresses are for who opened it as an administrator.
has_no_addresses()
{
	same "$(pk uncap CAP_SYS_ADMIN cat kst-a/memory)" "0x0-0x0 $((64 << 20)) node0" &&
		like "$(cat kst-a/memory)" "0x[1-9a-f]*-0x[1-9a-f]* $((64 << 20)) node0"
}

# Who passes an open file on shows what the opener may see.
has_those_of_the_opener()
{
	exec 9<kst-a/memory
	like "$(pk uncap CAP_SYS_ADMIN cat <&9)" "0x[1-9a-f]*-0x[1-9a-f]* *"
	set -- $?
	exec 9<&-
	return "$1"
}

# The virtio disk that mk/qemu calls zeroes, whose reads the host can slow down
slow_disk()
{
	local dir

	for dir in "$PCIDIR"/*/virtio*/block/vd*; do
		[ "$(cat "$dir/size")" != $((4 << 21)) ] ||
			echo "$dir" | sed 's|.*/\([0-9a-f:.]*\)/virtio[0-9]*/block.*|\1|'
	done 2>/dev/null
}

# The back end of that disk, by its place among the objects of QEMU
ZEROES=/machine/peripheral/zeroes/virtio-backend

# throttle BYTES_PER_SECOND: 0 for no limit
throttle()
{
	host monitor "block_set_io_throttle $ZEROES $1 0 0 0 0 0" \
		>"$TMP/said" && ! grep . "$TMP/said"
}

# The driver's probe reads the disk, under the lock of the device.
begin_probe()
{
	echo "$1" >$BUS/unbind && throttle 64 || return
	(echo "$1" >$BUS/bind; echo >"$TMP/bound") &
	PROBE=$!
	until [ -e "$BUS/$1" ]; do
		[ ! -e "$TMP/bound" ] || return
	done
}

end_probe()
{
	throttle 0 && wait $PROBE
}

read_meanwhile()
{
	cat available >"$TMP/available" && [ ! -e "$TMP/bound" ] &&
		grep -q "^device $1 .* virtio-pci group" "$TMP/available"
}

waits_for_no_probe()
{
	local disk ret

	disk=$(slow_disk)
	[ -n "$disk" ] && begin_probe "$disk" || { end_probe; return 1; }
	read_meanwhile "$disk"
	ret=$?
	end_probe && [ -n "$(disk_of "$disk")" ] && return $ret
}

count_passes()
{
	cat "$TRACING/instances/kst/trace" | grep -c " kst_pass: "
}

# seq_file makes a text again for each doubling of its buffer, unless it fits at once.
is_made_once()
{
	[ "$(wc -c <available)" -gt 4096 ] || return 4
	echo "p:kst/kst_pass parker_pci_show_available" >$TRACING/kprobe_events &&
		mkdir $TRACING/instances/kst || return
	echo 1 >$TRACING/instances/kst/events/kst/kst_pass/enable
	cat available >/dev/null
	same "$(count_passes)" 1
	set -- $?
	echo 0 >$TRACING/instances/kst/events/kst/kst_pass/enable
	rmdir $TRACING/instances/kst
	echo "-:kst/kst_pass" >$TRACING/kprobe_events
	return "$1"
}

setup
plan 7
check "available has mode 0400" same "$(stat -c %a available)" 400
check "a user does not read it: EACCES" not_by_a_user
make kst-a "$(pick 1)" 64M || die "no partition"
check "memory has no addresses for who lacks CAP_SYS_ADMIN" has_no_addresses
check "but for who got it from an opener who had it" has_those_of_the_opener
if [ -n "${PARKER_HOST:-}" ]; then
	check "a driver that is being bound is not waited for" waits_for_no_probe
else
	ktap_test_skip "a driver that is being bound is not waited for: no host"
fi
check_or_skip "it has less than a page" "a long text is made once" is_made_once
remove_all
check "no warning" log_clean
finish
