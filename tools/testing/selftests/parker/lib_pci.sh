# SPDX-License-Identifier: GPL-2.0
# PCI functions: which there are, what a test needs of them. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154,SC3043

PCIDIR=/sys/bus/pci/devices

# can_give [CLASS [DRIVER]]: the functions that a partition could get
can_give()
{
	awk -v class="${1:-}" -v driver="${2:-}" '$1 == "device" && $NF == "ok" &&
		substr($4, 1, length(class)) == class &&
		(driver == "" || $5 == driver) { print $2 }' available
}

# cannot_give GLOB: the first function that is refused with such a sentence
cannot_give()
{
	local line

	grep '^device ' available | while read -r line; do
		# shellcheck disable=SC2254
		case $line in
		*$1*) echo "$line" | cut -d ' ' -f 2; break ;;
		esac
	done
}

# need_pci WHAT ADDRESS...: skip where there are fewer; not where the machine was made
# for it
need_pci()
{
	local what="$1" address

	shift
	for address; do
		[ -n "$address" ] && continue
		[ -z "${PARKER_PCI:-}" ] || die "the machine has no $what"
		skip_all "needs $what"
	done
}

nth()
{
	sed -n "$1p"
}

driver_of()
{
	local driver

	driver=$(readlink "$PCIDIR/$1/driver") && echo "${driver##*/}"
}

# The disk that a function is, if it has one: nvme with a namespace, or virtio-blk
disk_of()
{
	local dir

	for dir in "$PCIDIR/$1"/nvme/nvme*/nvme*n1 "$PCIDIR/$1"/virtio*/block/vd*; do
		[ ! -d "$dir" ] || echo "${dir##*/}"
	done
}

# nvme_disks: the functions of NVMe disks that could be given
nvme_disks()
{
	local address

	for address in $(can_give 010802 nvme); do
		[ -z "$(disk_of "$address")" ] || echo "$address"
	done
}

virtio_disks()
{
	local address

	for address in $(can_give 01 virtio-pci); do
		[ -z "$(disk_of "$address")" ] || echo "$address"
	done
}

# net_of ADDRESS: name of its network device
net_of()
{
	local dir

	for dir in "$PCIDIR/$1"/net/* "$PCIDIR/$1"/virtio*/net/*; do
		[ ! -d "$dir" ] || echo "${dir##*/}"
	done
}

# slot_of ADDRESS: the slot that it is in, if that has a power switch
slot_of()
{
	local file

	for file in /sys/bus/pci/slots/*/address; do
		[ -e "${file%/*}/power" ] && [ "$(cat "$file")" = "${1%.*}" ] || continue
		echo "${file%/*}"
	done
}

# port_of ADDRESS: the root port above it
port_of()
{
	readlink -f "$PCIDIR/$1" | cut -d / -f 5
}

# has_mac ADDRESS: the function with a network device of this hardware address
has_mac()
{
	local file

	for file in /sys/class/net/*/address; do
		[ "$(cat "$file")" = "$1" ] || continue
		readlink -f "${file%/*}" | tr / '\n' | grep -x '....:..:..\..' | tail -n 1
	done
}

# wait_present ADDRESS yes|no: until it is there, or is not
wait_present()
{
	local present

	for _ in $(seq "$LIMIT"); do
		present=no
		[ ! -d "$PCIDIR/$1" ] || present=yes
		[ $present != "$2" ] || return 0
		sleep 1
	done
	note "$1: present: $present"
	return 1
}

# wait_driver ADDRESS NAME: until that driver has it
wait_driver()
{
	for _ in $(seq "$LIMIT"); do
		[ "$(driver_of "$1")" != "$2" ] || return 0
		sleep 1
	done
	note "$1: driver $(driver_of "$1"), not $2"
	return 1
}

# bytes ADDRESS OFFSET COUNT: of the configuration space, in hexadecimal
config_bytes()
{
	od -A n -t x1 -v -j "$2" -N "$3" "$PCIDIR/$1/config" | tr -s ' \n' ' '
}

# physical_function: a network device that can have virtual ones
physical_function()
{
	local file address

	for file in "$PCIDIR"/*/sriov_totalvfs; do
		[ -e "$file" ] && [ "$(cat "$file")" != 0 ] || continue
		address=$(echo "$file" | cut -d / -f 6)
		[ -z "$(net_of "$address")" ] || echo "$address"
	done
}

# Does the function send requests?
masters()
{
	local command

	command=$(config_bytes "$1" 4 1 | tr -d ' ')
	[ $((0x$command & 4)) != 0 ]
}

# What must be as before when a function was lent: its configuration but for the
# status bits, where its BARs are, its driver.
config_of()
{
	config_bytes "$1" 0 6
	config_bytes "$1" 8 56
	cat "$PCIDIR/$1/resource"
	driver_of "$1"
	cat "$PCIDIR/$1/driver_override"
	# Which number the driver gave it is chance.
	grep "$1" /proc/interrupts | awk '{ print $NF }' |
		sed 's/^\(virtio\|nvme\|eth\)[0-9]*/\1N/' | sort
}

# give NAME ADDRESS...
give()
{
	local dir="$1"

	shift
	pk write "$dir/devices" "$*" && return
	cat "$dir/last_error"
	return 1
}

# load_root NAME DISK PARAMETERS: a kernel whose root is its own disk
load_root()
{
	pk load "$(id_of "$1")" "$KERNEL" - \
		"root=/dev/$2 rw rootwait init=/init $3"
}
