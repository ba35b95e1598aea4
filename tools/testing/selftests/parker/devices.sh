#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# PCI functions that cannot be given, and each reason why not.
#
# PARKER_PCI=1  it is a failure if this machine lacks what most of this needs

. "$(dirname "$0")/lib.sh"

UNSAFE=/sys/module/parker/parameters/allow_unsafe_devices

# refuse_devices ERRNO GLOB DESCRIPTION LIST
refuse_devices()
{
	refuse "$1" "$2" kst-a "$3" pk write kst-a/devices "$4"
}

# missing DESCRIPTION...: the machine has nothing that these can be seen on.
missing()
{
	local desc

	for desc; do
		if [ -n "${PARKER_PCI:-}" ]; then
			ktap_test_fail "$desc: the machine has none"
		else
			ktap_test_skip "$desc: the machine has none"
		fi
	done
}

# refuse_like ERRNO TEXT GLOB DESCRIPTION: the first one that available refuses so
refuse_like()
{
	local address

	address=$(cannot_give "$2")
	if [ -n "$address" ]; then
		refuse_devices "$1" "$address cannot be given: $3" "$4" "$address"
	else
		missing "$4"
	fi
}

of_class()
{
	grep -l "^$1" $PCIDIR/*/class | head -n 1 | cut -d / -f 6
}

tainted_by_user()
{
	[ $(($(cat /proc/sys/kernel/tainted) & 64)) != 0 ]
}

# Any that has nothing else against it, if there is one.
unsafe_is_given()
{
	local address

	address=$(can_give | nth 1)
	[ -n "$address" ] || return 4
	give kst-a "$address" && like "$(cat kst-a/devices)" "$address * unsafe" &&
		tainted_by_user && up kst-a && grep -q "app: has pci $address" kst-a/console &&
		pk write kst-a/state kill && fails masters "$address" &&
		pk write kst-a/devices ""
}

allowed()
{
	local status=0

	echo 1 >$UNSAFE && unsafe_is_given || status=$?
	echo 0 >$UNSAFE
	return $status
}

# names_iommu ADDRESS: the one of this machine, by the tables of its firmware
names_iommu()
{
	local reason

	reason=$(grep "^device $1 " available)
	if [ -e /sys/firmware/acpi/tables/DMAR ]; then
		like "$reason" "*; boot with intel_iommu=on, or *"
	elif [ -e /sys/firmware/acpi/tables/IVRS ]; then
		like "$reason" "*; boot without amd_iommu=off and iommu=off, or *"
	else
		like "$reason" "*; turn one on in the firmware, which shows none, or *"
	fi
}

# What edu sends there is an interrupt that has no entry in the table of the IOMMU.
sends_blocked_interrupt()
{
	local edu

	edu=$(awk '$1 == "device" && $3 == "1234:11e8" { print $2 }' available)
	[ -n "$edu" ] || return 4
	give kst-a "$edu" && load kst-a \
		"parker.app=do parker.do=pk,msi,$PCIDIR/$edu,0xfeefffd0;echo,sent" &&
		start kst-a && wait_text kst-a sent && wait_blocked "$edu" || return
	note "dma_faults $(field kst-a/stat dma_faults)"
	same "$(field kst-a/stat dma_faults)" 0 && pk write kst-a/state kill &&
		pk write kst-a/devices ""
}

wait_blocked()
{
	for _ in $(seq "$LIMIT"); do
		! log_since | grep -q "INTR-REMAP.*${1#*:}.*fault index" || return 0
		sleep 1
	done
	return 1
}

interrupts()
{
	local status=0

	echo 1 >$UNSAFE && sends_blocked_interrupt || status=$?
	echo 0 >$UNSAFE
	return $status
}

# What differs by what is missing
specific()
{
	case $1 in
	*IOMMU*) check "it names the IOMMU of this machine" names_iommu "$2" ;;
	*) check_or_skip "no edu device" "a blocked interrupt is not a DMA fault" interrupts ;;
	esac
}

not_contained()
{
	local address

	address=$(cannot_give "$1")
	[ -n "$address" ] || skip_all "no function but bridges"
	need 1 300
	plan 6
	make kst-a "$(pick 1)" 200M || die "no partition"
	refuse_devices EOPNOTSUPP "$address cannot be given: $1" "without containment" "$address"
	refuse EOPNOTSUPP "$address cannot be given: $1" . "the same in a line" \
		pk write create "kst-b cpus=$(pick 1) memory=64M devices=$address"
	check_or_skip "no function could be" \
		"with allow_unsafe_devices=1 a kernel has one, which taints" allowed
	specific "$1" "$address"
	refuse_devices EOPNOTSUPP "$address cannot be given: $1" "without that again" "$address"
	check "no warning" log_clean
	finish
	exit
}

resets_no_more()
{
	echo >"$PCIDIR/$ONE/reset_method"
	refuse_devices EOPNOTSUPP "$ONE cannot be given: it cannot be reset*" \
		"one without a reset" "$ONE"
	echo default >"$PCIDIR/$ONE/reset_method"
}

# in_use DISK COMMAND UNDO
mounted()
{
	mkdir -p "$TMP/disk"
	mount -t ext4 -o ro "/dev/$DISK" "$TMP/disk" || return
	refuse_devices EBUSY "$ONE cannot be given: a file system on its disk $DISK*mounted*" \
		"a disk with a mounted file system" "$ONE"
	umount "$TMP/disk"
}

swapped_to()
{
	mkswap "/dev/$DISK" >/dev/null && swapon "/dev/$DISK" || return
	refuse_devices EBUSY "$ONE cannot be given: its disk $DISK is in use*swap*" \
		"a disk with active swap" "$ONE"
	swapoff "/dev/$DISK"
}

# lends ADDRESS: it can be given, and comes back
lends()
{
	give kst-a "$1" && pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok
}

# default_route FAMILY ADDRESS/LENGTH ROUTER: its device is up all the time
default_route()
{
	local name

	name=$(net_of "$NET")
	ip link set "$name" up && ip "-$1" addr add "$2" dev "$name" &&
		ip "-$1" route add default via "$3" dev "$name" || return
	refuse_devices EBUSY "$NET cannot be given: the default route*$name*" \
		"the device of the default route of IPv$1" "$NET"
	ip "-$1" route del default via "$3" dev "$name"
	check "without that route of IPv$1" lends "$NET"
}

# Two default routes of IPv6, which share what is sent
shared_route()
{
	local first second

	first=$(net_of "$NET") && second=$(net_of "$OTHER") &&
		ip link set "$first" up && ip -6 addr add fd77::1/64 dev "$first" &&
		ip link set "$second" up && ip -6 addr add fd78::1/64 dev "$second" &&
		ip -6 route add default via fd77::2 dev "$first" &&
		ip -6 route append default via fd78::2 dev "$second" || return
	refuse_devices EBUSY "$NET cannot be given: the default route*$first*" \
		"the first device of a shared default route" "$NET"
	refuse_devices EBUSY "$OTHER cannot be given: the default route*$second*" \
		"the second one of it" "$OTHER"
	ip link set "$first" down
	ip link set "$second" down
}

# The root of all processes, init's among them, while one tries it.
root_on_nfs()
{
	local name

	name=$(net_of "$NET")
	modprobe nfsv3 2>/dev/null
	grep -qw nfs /proc/filesystems && ip link set lo up && ip link set "$name" up || return
	refuse EBUSY "$NET cannot be given: the root file system is on NFS*$name is up*" kst-a \
		"a network device that is up, with the root on NFS" \
		pk nfs write kst-a/devices "$NET"
	ip link set "$name" down
	check "one that is down, with the root on NFS" lends_on_nfs
}

lends_on_nfs()
{
	pk nfs write kst-a/devices "$NET" && like "$(cat kst-a/devices)" "$NET *" &&
		pk write kst-a/devices ""
}

# rebind ADDRESS OVERRIDE: to that driver, or to the first that fits
rebind()
{
	echo "$2" >"$PCIDIR/$1/driver_override"
	echo "$1" >"$PCIDIR/$1/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
}

for_user_space()
{
	rebind "$ONE" vfio-pci && same "$(driver_of "$ONE")" vfio-pci || return
	refuse_devices EBUSY \
		"$ONE cannot be given: its driver vfio-pci holds it for user space*" \
		"one that vfio-pci has" "$ONE"
	rebind "$ONE" ""
	has_disk "$ONE"
}

virtual_functions()
{
	echo 1 >"$PCIDIR/$PF/sriov_numvfs" || return
	refuse_devices EBUSY "$PF cannot be given: 1 virtual functions*" \
		"one whose virtual functions are in use" "$PF"
	echo 0 >"$PCIDIR/$PF/sriov_numvfs"
}

shows()
{
	like "$(cat kst-a/devices)" "$ONE ????:???? 010802 nvme group * iommu" &&
		same "$(driver_of "$ONE")" parker && fails masters "$ONE" &&
		like "$(grep "^device $ONE " available)" "*it belongs to partition kst-a"
}

given_back()
{
	pk write kst-a/devices "" && same "$(cat kst-a/devices)" "" &&
		same "$(config_of "$ONE")" "$BEFORE" && has_disk "$ONE"
}

has_disk()
{
	for _ in 1 2 3 4 5; do
		[ -z "$(disk_of "$1")" ] || return 0
		sleep 1
	done
	return 1
}

whole_set()
{
	give kst-a "$ONE" "$TWO" && give kst-a "$TWO" &&
		same "$(cut -d ' ' -f 1 kst-a/devices)" "$TWO" && same "$(driver_of "$ONE")" nvme &&
		give kst-a "$ONE" && same "$(cut -d ' ' -f 1 kst-a/devices)" "$ONE"
}

twins_together()
{
	# shellcheck disable=SC2086
	give kst-a $TWINS && same "$(cut -d ' ' -f 1 kst-a/devices | xargs)" "$TWINS" &&
		pk write kst-a/devices "" &&
		for twin in $TWINS; do same "$(driver_of "$twin")" virtio-pci || return; done
}

override_is_kept()
{
	echo nvme >"$PCIDIR/$ONE/driver_override" && give kst-a "$ONE" &&
		pk write kst-a/devices "" &&
		same "$(cat "$PCIDIR/$ONE/driver_override")" nvme &&
		echo >"$PCIDIR/$ONE/driver_override"
}

# By then its module is gone.
module_is_gone()
{
	modprobe uio_pci_generic 2>/dev/null && rebind "$NET" uio_pci_generic &&
		same "$(driver_of "$NET")" uio_pci_generic || return 4
	give kst-a "$NET" && rmmod uio_pci_generic && pk write kst-a/devices "" &&
		like "$(cat kst-a/last_error)" \
			"$NET was given back, but its driver uio_pci_generic does not take it" &&
		fails driver_of "$NET" && same "$(cat kst-a/devices)" "" || return
	bind_first "$NET"
}

# bind_first ADDRESS: one that no driver has, to the first that fits
bind_first()
{
	echo >"$PCIDIR/$1/driver_override" && echo "$1" >/sys/bus/pci/drivers_probe &&
		driver_of "$1" >/dev/null
}

# What a user writes there while a partition has the function counts afterwards.
override_is_changed()
{
	give kst-a "$NET" && echo vfio-pci >"$PCIDIR/$NET/driver_override" &&
		pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok &&
		same "$(cat "$PCIDIR/$NET/driver_override")" vfio-pci &&
		same "$(driver_of "$NET")" vfio-pci && rebind "$NET" "" || return
	give kst-a "$NET" && echo none-such >"$PCIDIR/$NET/driver_override" &&
		pk write kst-a/devices "" && like "$(cat kst-a/last_error)" \
			"$NET was given back, but no driver takes it, as its driver_override*" &&
		bind_first "$NET"
}

# A BAR that is larger than what the port above it lets through
too_large()
{
	local address

	[ -n "${PARKER_HOST:-}" ] || return
	host monitor "device_add nvme,id=large,serial=large,cmb_size_mb=4096,bus=port9" \
		>/dev/null &&
		address=$(wait_below 0000:00:16.0) || return
	refuse_devices EOPNOTSUPP "$address cannot be given: its BAR 2 has no address*" \
		"one whose BAR does not fit" "$address"
}

# wait_below PORT: the function that appears there
wait_below()
{
	for _ in $(seq "$LIMIT"); do
		ls -d "$PCIDIR/$1"/????:??:??.? 2>/dev/null | sed 's|.*/||' | grep . && return
		sleep 1
	done
	return 1
}

stays_unbound()
{
	echo "$ONE" >/sys/bus/pci/drivers/nvme/unbind && give kst-a "$ONE" &&
		like "$(cat kst-a/devices)" "* - group *" && pk write kst-a/devices "" &&
		fails driver_of "$ONE" && echo "$ONE" >/sys/bus/pci/drivers/nvme/bind &&
		has_disk "$ONE"
}

not_by_hand()
{
	[ ! -e /sys/bus/pci/drivers/parker/bind ] &&
		echo parker >"$PCIDIR/$TWO/driver_override" &&
		echo "$TWO" >/sys/bus/pci/drivers/virtio-pci/unbind
	echo "$TWO" >/sys/bus/pci/drivers_probe
	fails driver_of "$TWO" && echo >"$PCIDIR/$TWO/driver_override" &&
		echo "$TWO" >/sys/bus/pci/drivers_probe && same "$(driver_of "$TWO")" virtio-pci
}

removed_while_used()
{
	give kst-a "$ONE" && up kst-a || return
	echo 1 >"$PCIDIR/$ONE/remove"
	[ ! -d "$PCIDIR/$ONE" ] && like "$(cat kst-a/devices)" "$ONE * gone" &&
		wait_state kst-a crashed && same "$(cat kst-a/reason)" "$ONE was removed" &&
		pk write kst-a/state kill && is_state kst-a stopped
}

removed_while_stopped()
{
	give kst-a "$ONE" || return
	echo 1 >"$PCIDIR/$ONE/remove"
	[ ! -d "$PCIDIR/$ONE" ] && like "$(cat kst-a/devices)" "$ONE * gone" &&
		is_state kst-a stopped
}

not_without_it()
{
	pk write kst-a/state start ENODEV && is_state kst-a stopped &&
		like "$(cat kst-a/last_error)" "start: $ONE was removed from the machine*"
}

comes_back()
{
	pk write kst-a/devices "" && echo 1 >/sys/bus/pci/rescan &&
		same "$(driver_of "$ONE")" nvme && has_disk "$ONE" && give kst-a "$ONE" &&
		pk write kst-a/devices ""
}

not_reset_at_the_end()
{
	give kst-b "$TWO" && up kst-b || return
	echo >"$PCIDIR/$TWO/reset_method"
	pk write kst-b/state kill EIO && is_state kst-b quarantined &&
		like "$(cat kst-b/reason)" "$TWO could not be reset*" && fails masters "$TWO" &&
		like "$(tail -n 1 available)" "quarantined *" && pk rmdir kst-b EBUSY
}

setup
[ -z "$(cannot_give "interrupt remapping is on")" ] || not_contained "interrupt remapping is on*"
[ -z "$(cannot_give "no IOMMU holds")" ] || not_contained "no IOMMU holds its DMA*"
ONE=$(nvme_disks | nth 1)
TWO=$(virtio_disks | nth 1)
NET=$(can_give 02 | nth 1)
OTHER=$(can_give 02 | nth 2)
need_pci "disks and a network device behind an IOMMU" "$ONE" "$TWO" "$NET"
need 2 500
plan 46
DISK=$(disk_of "$ONE")
BEFORE=$(config_of "$ONE")
pk mkdir kst-a

refuse_devices EINVAL "*'eth0' is no address*" "a word" eth0
refuse_devices EINVAL "*is no address*" "an address without a domain" "${ONE#*:}"
refuse_devices EINVAL "*is no address*" "a list with commas" "$ONE,$TWO"
refuse_devices EINVAL "*$ONE is there twice" "one twice" "$ONE $ONE"
refuse_devices ENODEV "*no PCI function 0000:00:1e.7" "one that does not exist" 0000:00:1e.7
refuse_devices EINVAL "*it is a bridge*" "a port" "$(of_class 0x0604)"
refuse_devices EINVAL "*it is a bridge*" "a host bridge" "$(of_class 0x0600)"
refuse_like EOPNOTSUPP "neither MSI nor MSI-X" "*neither MSI nor MSI-X*" "one without MSI"
refuse_like EOPNOTSUPP "cannot be reset" "*cannot be reset*" "one that has no reset"
resets_no_more
mounted || missing "a disk with a file system"
default_route 4 192.168.77.1/24 192.168.77.2 ||
	missing "a default route of IPv4" "one that has none"
default_route 6 fd77::1/64 fd77::2 || missing "a default route of IPv6" "one that has none"
shared_route || missing "a shared default route" "two network devices"
root_on_nfs || missing "a root on NFS" "a network device that is down"
for_user_space || missing "vfio-pci"
PF=$(grep -l '[1-9]' $PCIDIR/*/sriov_totalvfs 2>/dev/null | head -n 1 | cut -d / -f 6)
[ -n "$PF" ] && virtual_functions || missing "virtual functions"
too_large || missing "one whose BAR does not fit"
refuse_like EBUSY "cannot tell it from" "*cannot tell it from 0000:*same partition" \
	"one of two that the IOMMU cannot tell apart"
TWINS=$(grep "cannot tell it from" available | cut -d ' ' -f 2 | xargs)
check "both of them" twins_together
refuse_devices EBUSY "*cannot be given: the IOMMU cannot*" "a good one and a bad one" \
	"$ONE $(cannot_give "cannot tell it from")"
check "given: it is shown, held and silent" eval 'give kst-a "$ONE" && shows'
pk mkdir kst-b
refuse EBUSY "$ONE cannot be given: it belongs to partition kst-a" kst-b "another's" \
	pk write kst-b/devices "$ONE"
check "given back: its configuration and its driver are as before" given_back
check "a write is the whole set" whole_set
pk write kst-a/devices ""
refuse EBUSY "*cannot be given: the IOMMU cannot*" . "a bad one in a line" \
	pk write check "kst-c cpus=$(pick 1) memory=64M devices=$(echo "$TWINS" | cut -d " " -f 1)"
check "a partition with one in one line" pk write create \
	"kst-c cpus=$(pick 1) memory=64M devices=$ONE"
check "gone with it" eval 'pk rmdir kst-c && same "$(driver_of "$ONE")" nvme'
check "a driver_override is kept" override_is_kept
check "a driver_override that was changed meanwhile counts" override_is_changed
check_or_skip "no uio_pci_generic" "a driver whose module is gone is told" module_is_gone
check "what had no driver has none after it" stays_unbound
check "nobody else can bind the driver" not_by_hand
pk write kst-a/cpus "$(pick 1)"
pk write kst-a/memory 200M
check "one that is removed while it is used" removed_while_used
check "no start without it" not_without_it
check "it comes back" comes_back
check "one that is removed while its kernel is stopped" removed_while_stopped
check "no start without it" not_without_it
check "it comes back" comes_back
swapped_to || missing "a disk to swap to"
pk rmdir kst-a
check "no warning" log_clean
if [ -n "${PARKER_ONE_WAY:-}" ]; then
	pk write kst-b/cpus "$(pick 1)"
	pk write kst-b/memory 200M
	check "one that cannot be reset after use is kept, silent" not_reset_at_the_end
else
	ktap_test_skip "one that cannot be reset after use: only where PARKER_ONE_WAY=1"
fi
finish
