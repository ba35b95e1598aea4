#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A kernel whose root is on its own disk: it writes and reads what it wrote, is
# killed while it writes, and finds its file system in order. The boot kernel does
# the same on its own disk at the same time.
#
# PARKER_DISK_MIB  how much is written, 32 when not set

. "$(dirname "$0")/lib.sh"

# own_fio: what the kernels do, on the boot kernel's disk
own_fio()
{
	mkdir -p "$TMP/own"
	mount -t ext4 "/dev/$(disk_of "$OWN")" "$TMP/own" || return
	chroot "$TMP/own" /bin/fio --name=own --filename=/fio --size="${MIB}m" --bs=64k \
		--rw=randwrite --ioengine=psync --fsync=64 --verify=crc32c --do_verify=1 \
		--verify_fatal=1 >"$TMP/own.log" 2>&1
	echo $? >"$TMP/own.status"
	umount "$TMP/own"
}

writes_and_checks()
{
	load_root kst-a "$1" "parker.app=fio parker.mib=$MIB" && start kst-a &&
		wait_state kst-a running && wait_text kst-a "app: fio ended with" || return
	grep "app: fio " kst-a/console | tr -d '\r' | sed 's/^/# /'
	same "$(says kst-a "fio ended with")" 0 && own_ended
}

own_ended()
{
	wait "$CHILD"
	same "$(cat "$TMP/own.status")" 0
}

killed_while_it_writes()
{
	pk write kst-a/state kill && load_root kst-a "$1" parker.app=write && start kst-a &&
		wait_text kst-a "app: write begin" && sleep 3 && pk write kst-a/state kill &&
		is_state kst-a stopped && fails masters "$2"
}

# Straight after that, what the next kernel has not repaired.
journal_suffices()
{
	is_in_order "$2" && give kst-a "$2"
}

comes_back()
{
	load_root kst-a "$1" "parker.app=do parker.do=ls,/written.1,/fio" && start kst-a &&
		wait_text kst-a "app: ready" && wait_text kst-a /fio && pk write kst-a/state stop &&
		wait_state kst-a stopped && same "$(cat kst-a/reason)" "powered off"
}

# A journal that is replayed leaves nothing to repair. The program is on the disk itself.
is_in_order()
{
	local disk

	pk write kst-a/devices "" || return
	sleep 1
	disk=$(disk_of "$1")
	mkdir -p "$TMP/tools"
	mount -t ext4 -o ro "/dev/$(disk_of "$OWN")" "$TMP/tools" || return
	mount -t devtmpfs none "$TMP/tools/dev"
	# The first one replays the journal, and says so by 1.
	chroot "$TMP/tools" /bin/e2fsck -p "/dev/$disk" >"$TMP/log" 2>&1
	[ $? -le 1 ] && chroot "$TMP/tools" /bin/e2fsck -f -n "/dev/$disk" >>"$TMP/log" 2>&1
	status=$?
	umount "$TMP/tools/dev" "$TMP/tools"
	sed 's/^/# /' "$TMP/log"
	same $status 0
}

# one DISK-ADDRESS NAME-THERE DESCRIPTION
one()
{
	give kst-a "$1" || die "not given"
	own_fio &
	CHILD=$!
	check "$3: a kernel boots from it, writes ${MIB}M and reads it, beside the boot kernel" \
		writes_and_checks "$2"
	check "$3: killed while it writes" killed_while_it_writes "$2" "$1"
	check "$3: the journal is enough to repair it" journal_suffices "$2" "$1"
	check "$3: the next kernel finds its files, and powers off" comes_back "$2"
	check "$3: the file system is in order" is_in_order "$1"
	check "$3: nothing was blocked" same "$(field kst-a/stat dma_faults)" 0
}

setup
MIB=${PARKER_DISK_MIB:-32}
OWN=$(nvme_disks | nth 1)
NVME=$(nvme_disks | nth 2)
VIRTIO=$(virtio_disks | nth 1)
need_pci "two NVMe disks and a virtio disk that can be given" "$OWN" "$NVME" "$VIRTIO"
[ -n "${PARKER_PCI:-}" ] || skip_all "writes to disks: only in a machine made for it"
need 2 600
plan 13
make kst-a "$(pick 2)" 512M || die "no partition"
one "$NVME" nvme0n1 NVMe
one "$VIRTIO" vda virtio-blk
remove_all
check "no warning" log_clean
finish
