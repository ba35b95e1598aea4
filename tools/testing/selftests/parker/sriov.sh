#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A virtual function is given, used and taken back like any other, while the physical
# one stays with the boot kernel, which can take it away at any time.

. "$(dirname "$0")/lib.sh"

set_vfs()
{
	echo "$1" >"$PCIDIR/$PF/sriov_numvfs"
}

# The other network device has a network namespace of its own, so that what is sent
# there goes over the wire.
apart()
{
	local name

	name=$(net_of "$OTHER")
	background unshare -n sleep 3600
	APART=$!
	until [ "$(readlink /proc/$APART/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do
		kill -0 "$APART" || return
	done
	ip link set "$name" netns "$APART" && inside ip link set "$name" up &&
		inside ip addr add 10.0.4.9/24 dev "$name"
}

inside()
{
	nsenter -t "$APART" -n "$@"
}

own_driver_works()
{
	local name

	same "$(driver_of "$VF")" virtio-pci || return
	name=$(net_of "$VF")
	ip addr add 10.0.4.8/24 dev "$name" && ip link set "$name" up &&
		ping -c 10 -W 2 10.0.4.9 >"$TMP/log" && ip link set "$name" down
}

made()
{
	ip link set "$(net_of "$PF")" up && set_vfs 1 && VF=$(vf) && own_driver_works
}

vf()
{
	basename "$(readlink "$PCIDIR/$PF/virtfn0")"
}

alone()
{
	same "$(ls "$PCIDIR/$VF/iommu_group/devices")" "$VF"
}

held()
{
	give kst-a "$VF" && same "$(driver_of "$VF")" parker && fails masters "$VF" &&
		[ -n "$(net_of "$PF")" ]
}

used()
{
	up kst-a "do parker.do=ip,link,set,eth0,up;ip,addr,add,10.0.4.1/24,dev,eth0;echo,link,up" &&
		wait_text kst-a "link up" && same "$(says kst-a "has pci")" "$VF" &&
		inside ping -c 20 -W 2 10.0.4.1 >"$TMP/log"
}

taken_back()
{
	pk write kst-a/state kill && is_state kst-a stopped && fails masters "$VF" &&
		pk write kst-a/devices "" && same "$(cat kst-a/last_error)" ok &&
		same "$(config_of "$VF")" "$BEFORE" && own_driver_works
}

# gone STATE: what the boot kernel takes away is gone
gone()
{
	set_vfs 0 && [ ! -e "$PCIDIR/$VF" ] && like "$(cat kst-a/devices)" "$VF * gone" &&
		wait_state kst-a "$1" stopped && is_state kst-a "$1"
}

no_start()
{
	pk write kst-a/state start ENODEV && is_state kst-a stopped &&
		like "$(cat kst-a/last_error)" "start: $VF was removed from the machine*"
}

made_again()
{
	pk write kst-a/devices "" && same "$(cat kst-a/devices)" "" && set_vfs 1 &&
		own_driver_works
}

setup
PF=$(physical_function | nth 1)
OTHER=$(can_give 02 virtio-pci | nth 1)
need_pci "a network device that can have virtual functions, and another one" "$PF" "$OTHER"
[ -n "${PARKER_PCI:-}" ] || skip_all "uses the network: only in a machine made for it"
need 2 400
plan 15
make kst-a "$(pick 2)" 256M && pk mkdir kst-b || die "no partitions"
apart || die "no other device to talk to"
check "the boot kernel uses a virtual function" made
check "the IOMMU can tell it from all others" alone
BEFORE=$(config_of "$VF")
check "it is given and silent, and the physical one works on" held
refuse EBUSY "$PF cannot be given: 1 virtual functions of it are in use*" kst-b \
	"the physical one" pk write kst-b/devices "$PF"
refuse EBUSY "$VF cannot be given: it belongs to partition kst-a" kst-b "another's" \
	pk write kst-b/devices "$VF"
check "a kernel has it and nothing else, and talks by it" used
check "nothing was blocked" same "$(field kst-a/stat dma_faults)" 0
check "killed and taken back: all is as before, and it works" taken_back
check "it is used again" eval 'give kst-a "$VF" && used'
check "all virtual functions end while it is used, which ends its kernel" gone crashed
pk write kst-a/state kill
check "no start without it" no_start
check "it is made again" made_again
check "all virtual functions end while the kernel is stopped" \
	eval 'give kst-a "$VF" && gone stopped'
remove_all
check "then the physical one can be given" eval 'pk mkdir kst-a && give kst-a "$PF" &&
	pk rmdir kst-a && [ -n "$(net_of "$PF")" ]'
kill "$APART"
wait "$APART" 2>/dev/null
check "no warning" log_clean
finish
