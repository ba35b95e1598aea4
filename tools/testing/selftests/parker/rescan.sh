#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A kernel that removes its PCI functions and scans its buses again has the same ones
# again, at the same places: also one that has no first function beside it, as a virtual
# function, and two of one device.

. "$(dirname "$0")/lib.sh"

virtual_function()
{
	echo 1 >"$PCIDIR/$PF/sriov_numvfs" &&
		VF=$(basename "$(readlink "$PCIDIR/$PF/virtfn0")")
}

# listed WHEN: the functions that its init found then, where they are, their drivers
listed()
{
	tr -d '\r' <kst-a/console | sed -n "s/^app: $1 \(0000:.*\)/\1/p"
}

scans()
{
	up kst-a rescan && wait_text kst-a "app: rescan end" && listed before | sed 's/^/# /'
}

has_what_was_given()
{
	same "$(listed before | cut -d ' ' -f 1)" "$(cut -d ' ' -f 1 kst-a/devices | sort)" &&
		same "$(listed before | cut -d ' ' -f 2 | sort -u)" virtio-pci
}

setup
PF=$(physical_function | nth 1)
TWINS=$(grep "cannot tell it from" available | cut -d ' ' -f 2 | xargs)
DISK=$(virtio_disks | nth 1)
need_pci "virtual functions, two functions of one device, a disk" "$PF" "$TWINS" "$DISK"
need 1 256
plan 5
make kst-a "$(pick 1)" 256M && virtual_function || die "no partition"
# shellcheck disable=SC2086
give kst-a $TWINS "$VF" "$DISK" || die "not given"
check "a kernel scans for functions that it has removed" scans
check "it had those that it was given" has_what_was_given
check "they were removed" same "$(listed removed)" ""
check "all of them are there again" same "$(listed after)" "$(listed before)"
pk write kst-a/state kill
remove_all
echo 0 >"$PCIDIR/$PF/sriov_numvfs"
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
