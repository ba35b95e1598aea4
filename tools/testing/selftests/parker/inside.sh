#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What an application kernel has and does: its memory, clock and CPUs, and
# nothing of the machine beside.

. "$(dirname "$0")/lib.sh"

# within A-B, hexadecimal, of the partition
ram_is_ours()
{
	local range start end rest

	start=$((0x${1%-*})) end=$((0x${1#*-}))
	# The slot below 1 MiB, and what the kernel keeps for itself there.
	[ "$end" -lt 1048576 ] && return
	while read -r range rest; do
		[ "$start" -ge $((${range%-*})) ] && [ "$end" -le $((${range#*-})) ] && return
	done <kst-a/memory
	note "$1 is not the partition's"
	return 1
}

all_ram_is_ours()
{
	tr -d '\r' <kst-a/console | sed -n 's/^app: ram //p' >"$TMP/ram"
	[ -s "$TMP/ram" ] || return
	while read -r range; do
		ram_is_ours "$range" || return
	done <"$TMP/ram"
}

clock_is_right()
{
	local seconds

	seconds=$(says kst-a seconds)
	between "$seconds" "$BEFORE" "$(date +%s)"
}

hotplugs()
{
	up kst-a hotplug && wait_text kst-a "app: hotplug ok" "app: hotplug failed" &&
		grep -q "app: hotplug ok" kst-a/console && is_state kst-a running
}

# The devices of the machine interrupt the boot kernel only.
no_device_interrupts()
{
	up kst-a irqs && wait_text kst-a "app: irqs 3 end" &&
		! grep -E "app: irq ([0-9]+|ERR|MIS|NMI|SPU|THR|DFR) " kst-a/console
}

# listed KIND: what its init found of this kind, one a line
listed()
{
	tr -d '\r' <kst-a/console | sed -n "s/^app: has $1 //p"
}

# has_no KIND...: its init found nothing of these kinds
has_no()
{
	local kind

	for kind; do
		! grep "^app: has $kind " kst-a/console || return
	done
}

# no line of the log speaks of what only the machine has
silent_about()
{
	! grep -E "$1" kst-a/console
}

# All that speaks of the machine, and an idle init.
FOREIGN="earlyprintk=ttyS0,115200 earlycon=uart8250,io,0x3f8,115200
	console=uart8250,io,0x3f8,115200 mem=64M memmap=64M\$32M crashkernel=64M
	parker_memory=64M mem_encrypt=off enable_mtrr_cleanup acpi=off pci=nommconf
	reboot=bios noapic nolapic nox2apic"
# shellcheck disable=SC2086
FOREIGN="$(echo $FOREIGN) parker.app=idle"

runs_with_foreign()
{
	load kst-a "$FOREIGN" && start kst-a && wait_state kst-a running crashed stopped &&
		wait_text kst-a "app: ready" && is_state kst-a running &&
		same "$(says kst-a cmdline)" "$FOREIGN"
}

# The words of lines such as "parker: ignored, as ...: mem acpi"
ignored_words()
{
	tr -d '\r' <kst-a/console | sed -n 's/.*parker: ignored,.*: //p' | tr ' ' '\n'
}

each_is_on_a_line()
{
	local word

	for word in ${FOREIGN% *}; do
		ignored_words | grep -qx "${word%%=*}" && continue
		note "no line says that ${word%%=*} is ignored"
		return 1
	done
}

# What it would have changed is as it was without it.
has_not_changed()
{
	same "$(says kst-a "has $1")" "$2"
}

# What kernels of distributions try to have for devices with 32 address bits
is_without_low_memory()
{
	[ $(($(head -n 1 kst-a/memory | cut -d - -f 1))) -ge $((1 << 32)) ] || return 4
	silent_about "software IO TLB|bytes tlb structure|GFP_DMA32|DMA: failed"
}

# offers WHAT FILE: the boot kernel does, so that there is something to be hidden
offers()
{
	grep -qw "$1" "$2" 2>/dev/null || return 4
	shift 2
	"$@"
}

stays_awake()
{
	up kst-a sleep && wait_text kst-a "app: sleep end" &&
		same "$(grep -c "^app: refused " kst-a/console)" 6 &&
		fails grep "^app: reached " kst-a/console && is_state kst-a running
}

setup
need 2 256
plan 27
make kst-a "$(pick 2)" 256M || die "no partition"
BEFORE=$(date +%s)
up kst-a || die "not running"

check "its RAM is the partition's" all_ram_is_ours
check "its clock is right" clock_is_right
check "its clocksource is the TSC" same "$(says kst-a clocksource)" tsc
check "no other clocksource is there" same "$(listed clocksource)" tsc
# That of a PIC, PIT, RTC, keyboard, PCI: each is a line of its own on a machine.
check "all I/O ports are the boot kernel's" same "$(listed port)" "boot kernel"
check "nothing but memory is claimed: no IOAPIC, no HPET" has_no iomem
check "no PCI function, no PnP device" has_no pci pnp
check "no RTC" has_no rtc
check "no i8042" has_no serio
check "no ACPI, no DMI" has_no acpi dmi
check "its log is silent about ACPI" silent_about "ACPI: (RSDP|Core revision|PM)"
check_or_skip "this kernel has no suspend" "no state to sleep in" \
	offers freeze /sys/power/state has_no sleep
check_or_skip "this kernel has no hibernation" "no hibernation" \
	offers disk /sys/power/state same "$(says kst-a "has hibernation")" "[disabled]"
check_or_skip "its memory is below 4 GiB" "no failure to get memory below 4 GiB" \
	is_without_low_memory
REBOOT=$(says kst-a "has reboot")
check "no warning in its log" silent_about "WARNING|BUG:|Call Trace|Oops"
pk write kst-a/state kill
check "it runs with a command line that speaks of the machine" runs_with_foreign
check "a line names each word of that as ignored" each_is_on_a_line
check "mem= and memmap= take no RAM away" ram_is kst-a $((256 << 20))
check "crashkernel= takes none either" has_not_changed "crash memory" 0
check "reboot= changes nothing" has_not_changed reboot "$REBOOT"
check "no warning comes of all that" silent_about "WARNING|BUG:|Call Trace|Oops"
pk write kst-a/state kill
check_or_skip "this kernel has no suspend" "it cannot fall asleep" \
	offers freeze /sys/power/state stays_awake
pk write kst-a/state kill
check "no interrupt of a device" no_device_interrupts
pk write kst-a/state kill
check "CPUs go offline and online inside" hotplugs
pk write kst-a/state kill
check "and again" hotplugs
check "it powers off when asked" eval 'pk write kst-a/state stop && wait_state kst-a stopped &&
	same "$(cat kst-a/reason)" "powered off"'
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
