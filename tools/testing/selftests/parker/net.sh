#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two partitions with two network devices each, one of them behind a switch, talk
# with each other and with the boot kernel.

. "$(dirname "$0")/lib.sh"

# runs NAME DISK HOST PEERS
runs()
{
	load_root "$1" "$2" "parker.app=net parker.host=$3 parker.peers=$4" && start "$1" &&
		wait_state "$1" running && wait_text "$1" "app: net up"
}

# The boot kernel's side, with programs from its disk.
own_side()
{
	local name

	name=$(net_of "$OWN_NET")
	mkdir -p "$TMP/own"
	mount -t ext4 "/dev/$(disk_of "$OWN_DISK")" "$TMP/own" &&
		mount -t devtmpfs none "$TMP/own/dev" || return
	ip link set "$name" up && ip addr add 10.0.1.9/24 dev "$name" &&
		ip addr add 10.0.2.9/24 dev "$name" || return
	background chroot "$TMP/own" /bin/iperf3 -s >/dev/null 2>&1
	SERVER=$!
}

own_talk()
{
	ping -c 3 -W 5 "$1" >"$TMP/log" && chroot "$TMP/own" /bin/iperf3 -c "$1" -t 2 >"$TMP/log" ||
		return
	sed -n '/receiver/s/^/# /p' "$TMP/log"
}

# heard NAME ADDRESS: it has pinged and sent to it
heard()
{
	grep -q "app: ping $2 ok" "$1/console" && note "$(grep -o "iperf $2 .*sec" "$1/console")" &&
		grep -q "app: iperf $2 [1-9]" "$1/console"
}

# Interrupts of each device arrive in its kernel, by MSI-X; the boot kernel has none.
interrupts()
{
	grep "app: interrupts" "$1/console" | tr -d '\r' | sed 's/^/# /'
	grep -q "app: interrupts [1-9][0-9]* PCI-MSIX-$2 eth" "$1/console" &&
		grep -q "app: interrupts [1-9][0-9]* PCI-MSIX-$3 virtio" "$1/console" &&
		fails grep -q "$2\|$3" /proc/interrupts
}

no_faults()
{
	same "$(field kst-a/stat dma_faults) $(field kst-b/stat dma_faults)" "0 0"
}

setup
OWN_DISK=$(nvme_disks | nth 1)
DISK_A=$(nvme_disks | nth 2)
DISK_B=$(virtio_disks | nth 1)
OWN_NET=$(can_give 02 virtio-pci | nth 1)
VIRTIO_A=$(can_give 02 virtio-pci | nth 2)
VIRTIO_B=$(can_give 02 virtio-pci | nth 3)
E1000E_A=$(can_give 02 e1000e | nth 1)
E1000E_B=$(can_give 02 e1000e | nth 2)
need_pci "three disks, three virtio and two e1000e network devices" "$OWN_DISK" "$DISK_A" \
	"$DISK_B" "$OWN_NET" "$VIRTIO_A" "$VIRTIO_B" "$E1000E_A" "$E1000E_B"
[ -n "${PARKER_PCI:-}" ] || skip_all "uses the network: only in a machine made for it"
need 4 900
plan 15
make kst-a "$(pick 2)" 384M && make kst-b "$(pick 2)" 384M || die "no partitions"
give kst-a "$DISK_A" "$E1000E_A" "$VIRTIO_A" || die "not given"
give kst-b "$DISK_B" "$E1000E_B" "$VIRTIO_B" || die "not given"
check "the boot kernel is on the network" own_side
check "a kernel with devices behind a switch" runs kst-b vda 2 ""
check "a kernel with devices behind root ports" runs kst-a nvme0n1 1 2,9
wait_text kst-a "app: net end"
for address in 10.0.1.2 10.0.2.2 10.0.1.9 10.0.2.9; do
	check "it talks to $address" heard kst-a $address
done
for address in 10.0.1.1 10.0.2.1 10.0.1.2 10.0.2.2; do
	check "the boot kernel talks to $address" own_talk $address
done
check "interrupts arrive where the device is" interrupts kst-a "$E1000E_A" "$VIRTIO_A"
check "nothing was blocked" no_faults
remove_all
kill "$SERVER"
wait "$SERVER" 2>/dev/null
umount "$TMP/own/dev" "$TMP/own"
check "the devices are the boot kernel's again" same \
	"$(driver_of "$E1000E_B") $(driver_of "$VIRTIO_B")" "e1000e virtio-pci"
check "no warning" log_clean
finish
