#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each way in which a function can vanish while a kernel uses it: the kernel ends before
# anything else can have the function, and what is at its address later is another one.

. "$(dirname "$0")/lib.sh"

# A WAY is a function that is called with "out" or "in" and the address.
by_sysfs()
{
	case $1 in
	out) echo 1 >"$PCIDIR/$2/remove" ;;
	in) echo 1 >/sys/bus/pci/rescan ;;
	esac
}

by_virtual_functions()
{
	case $1 in
	out) echo 0 >"$PCIDIR/$PF/sriov_numvfs" ;;
	in) echo 1 >"$PCIDIR/$PF/sriov_numvfs" ;;
	esac
}

# QEMU takes what has no power out of its slot.
by_slot_power()
{
	case $1 in
	out) echo 0 >"$SLOT/power" ;;
	in) plug_in ;;
	esac
}

# The button of the slot, which takes effect 5 seconds later
by_unplugging()
{
	case $1 in
	out) host monitor device_del virtio3 >/dev/null ;;
	in) plug_in ;;
	esac
}

plug_in()
{
	host monitor "device_add virtio-net-pci,id=virtio3,netdev=net21,mac=$MAC,bus=port3,\
iommu_platform=on,disable-legacy=on" >/dev/null
}

# ends WAY ADDRESS: the kernel that uses it
ends()
{
	give kst-a "$2" && up kst-a && same "$(says kst-a "has pci")" "$2" || return
	OWN=$(cut -d ' ' -f 4 kst-a/devices)
	$1 out "$2" && wait_present "$2" no && wait_state kst-a crashed stopped &&
		is_state kst-a crashed && same "$(cat kst-a/reason)" "$2 was removed" &&
		like "$(cat kst-a/devices)" "$2 * gone"
}

# Not a byte of its memory changes.
stands_still()
{
	local before

	before=$(md5sum <kst-a/vmcore) && same "$(md5sum <kst-a/vmcore)" "$before"
}

# absent ADDRESS: no kernel is started without it, and it is not in any set
absent()
{
	pk write kst-a/state start ENODEV && like "$(cat kst-a/last_error)" \
		"start: $1 was removed from the machine; write the set again to devices" &&
		pk write kst-a/state kill && pk write kst-a/devices "$1" ENODEV &&
		like "$(cat kst-a/devices)" "$1 * gone"
}

# returns WAY ADDRESS: the new function is the boot kernel's driver's, until the same
# set is written again
returns()
{
	$1 in "$2" && wait_present "$2" yes && wait_driver "$2" "$OWN" &&
		like "$(cat kst-a/devices)" "$2 * gone" && is_state kst-a stopped &&
		give kst-a "$2" && like "$(cat kst-a/devices)" "$2 * $OWN group * iommu" &&
		same "$(driver_of "$2")" parker
}

used_again()
{
	up kst-a && same "$(says kst-a "has pci")" "$1" && pk write kst-a/state kill &&
		pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok &&
		same "$(driver_of "$1")" "$OWN"
}

# vanishes WAY ADDRESS WORDS
vanishes()
{
	check "$3: the kernel that uses it ends" ends "$1" "$2"
	check "$3: no start without it" absent "$2"
	check "$3: the boot kernel has the new one, until it is asked for" returns "$1" "$2"
	check "$3: a kernel uses the new one" used_again "$2"
}

# Nothing is removed behind a kernel's back that just begins to run.
removed_while_starting()
{
	local child reads

	for reads in 0 5 20; do
		give kst-a "$ONE" && load kst-a parker.app=idle || return
		echo start >kst-a/state 2>/dev/null &
		child=$!
		for _ in $(seq $reads); do state kst-a >/dev/null; done
		by_sysfs out "$ONE"
		wait $child
		wait_state kst-a crashed loaded stopped || return
		is_state kst-a crashed && same "$(cat kst-a/reason)" "$ONE was removed" ||
			like "$(cat kst-a/last_error)" "start: $ONE was removed*" || return
		note "$reads: $(cat kst-a/reason); $(cat kst-a/last_error)"
		pk write kst-a/state kill 2>/dev/null
		by_sysfs in "$ONE" && wait_driver "$ONE" nvme || return
	done
	pk write kst-a/devices ""
}

# What vanishes leaves the rest of the set alone.
goes_on_without()
{
	give kst-a "$ONE" "$BLK" && up kst-a && by_sysfs out "$ONE" &&
		wait_state kst-a crashed stopped && pk write kst-a/state kill &&
		pk write kst-a/devices "$BLK" &&
		same "$(cut -d ' ' -f 1 kst-a/devices)" "$BLK" && up kst-a &&
		same "$(says kst-a "has pci")" "$BLK" && pk write kst-a/state kill &&
		by_sysfs in "$ONE" && wait_driver "$ONE" nvme && pk write kst-a/devices ""
}

setup
ONE=$(nvme_disks | nth 1)
BLK=$(virtio_disks | nth 1)
MAC=52:54:00:00:00:21
PLUGGED=$(has_mac $MAC)
need_pci "disks behind an IOMMU, and a network device in a slot" "$ONE" "$BLK" "$PLUGGED"
SLOT=$(slot_of "$PLUGGED")
need_pci "slot with a power switch" "$SLOT"
need_host
PF=$(grep -l '[1-9]' $PCIDIR/*/sriov_totalvfs | cut -d / -f 6 | while read -r pf; do
	[ -z "$(net_of "$pf")" ] || echo "$pf"; done | nth 1)
need_pci "network device that can have virtual functions" "$PF"
by_virtual_functions in
VF=$(basename "$(readlink "$PCIDIR/$PF/virtfn0")")
need 1 400
plan 24
make kst-a "$(pick 1)" 200M || die "no partition"
check "by remove in sysfs: the kernel that uses it ends" ends by_sysfs "$ONE"
check "it does nothing any more" stands_still
check "no start without it" absent "$ONE"
check "the boot kernel has the new one, until it is asked for" returns by_sysfs "$ONE"
check "a kernel uses the new one" used_again "$ONE"
check "removed while a kernel starts" removed_while_starting
check "without it a kernel has the others" goes_on_without
vanishes by_virtual_functions "$VF" "by sriov_numvfs"
vanishes by_slot_power "$PLUGGED" "by the slot's power"
vanishes by_unplugging "$PLUGGED" "unplugged"
if pk write kst-a/isolation guarded 2>/dev/null; then
	vanishes by_sysfs "$ONE" "guarded, by remove"
else
	for desc in ends absent returns used; do
		ktap_test_skip "guarded, by remove: $desc: this machine cannot guard"
	done
fi
remove_all
echo 0 >"$PCIDIR/$PF/sriov_numvfs"
check "no warning" log_clean
finish
