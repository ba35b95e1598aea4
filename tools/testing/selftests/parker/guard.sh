#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A guarded partition: the same kernel, which is held inside whatever it tries, and
# whose end is not the machine's.
#
# PARKER_ATTACKS  how often it tries each thing, 300 when not set
# PARKER_GUARD=1  it is a failure if this machine cannot guard

. "$(dirname "$0")/lib.sh"

stat_of()
{
	field kst-a/stat "$1"
}

isolated()
{
	same "$(cat kst-a/isolation)" "$1"
}

chosen()
{
	pk write create "kst-b cpus=$OTHER memory=64M isolation=guarded" &&
		same "$(cat kst-b/isolation)" guarded && pk rmdir kst-b &&
		pk write create "kst-b cpus=$OTHER memory=64M isolation=bare" &&
		same "$(cat kst-b/isolation)" bare && pk rmdir kst-b &&
		pk write check "kst-b cpus=$OTHER memory=64M isolation=guarded"
}

by_default()
{
	echo guarded >$PARAMETER && pk mkdir kst-b && same "$(cat kst-b/isolation)" guarded &&
		pk rmdir kst-b && echo bare >$PARAMETER && pk mkdir kst-b &&
		same "$(cat kst-b/isolation)" bare && pk rmdir kst-b && fails echo none >$PARAMETER
}

# A kernel that does what it may: nothing is refused, and it leaves it rarely.
at_work()
{
	up kst-a && wait_state kst-a running || return
	grep "^exits_" kst-a/stat | sed 's/^/# /'
	same "$(stat_of violations)" 0 && same "$(stat_of exits_port)" 0 &&
		same "$(stat_of exits_memory)" 0
}

# What a check before left is none of the next one's business.
ended()
{
	case $(state kst-a) in
	booting|running|crashed) pk write kst-a/state kill ;;
	esac
}

# attacks KIND: it tries, and nothing comes of it.
attacks()
{
	ended && load kst-a "panic=0 parker.app=do parker.do=attack,$1,$ATTACKS" && start kst-a &&
		wait_text kst-a "attack $1: " && fails cannot || return
	sed -n "s/.*\(attack $1: .*\)/# \1/p" kst-a/console
	grep -q "attack $1: $ATTACKS tries, 0 let through" kst-a/console || return
	note "violations $(stat_of violations), msrs_refused $(stat_of msrs_refused)"
	# Instructions that are skipped are none, and MSRs that no CPU has are refused.
	[ $(($(stat_of violations) + $(stat_of msrs_refused))) -ge $((ATTACKS / 2)) ] &&
		is_state kst-a running &&
		pk write kst-a/state kill && is_state kst-a stopped
}

# What of the machine an attack could have changed and the boot kernel would not set
# again: config space, MSRs of a core, how the HPET is set.
registers()
{
	local file msr reg

	for file in /sys/bus/pci/devices/*/config; do
		echo "$file $(hexdump -v -e '1/1 "%02x"' "$file")"
	done
	for file in /dev/cpu/[0-9]*/msr; do
		for msr in $MSRS; do
			echo "$file $msr $(dd if="$file" bs=8 count=1 iflag=skip_bytes \
				skip=$((msr)) 2>/dev/null | hexdump -v -e '1/1 "%02x"')"
		done
	done
	! grep -q "HPET" /proc/iomem || for reg in 0xfed00010 0xfed00100 0xfed00120; do
		echo "HPET $reg $(devmem $reg 32)"
	done
}

unchanged()
{
	registers >"$TMP/after"
	diff "$TMP/registers" "$TMP/after" >"$TMP/log" || { note "$(cat "$TMP/log")"; return 1; }
}

cannot()
{
	grep -q "app: cannot die" kst-a/console
}

# ends COMMAND REASON: in "crashed", the machine and the neighbour go on.
ends()
{
	ended && load kst-a "panic=0 parker.app=do parker.do=$1" && start kst-a &&
		wait_state kst-a crashed stopped && is_state kst-a crashed || return
	note "$(cat kst-a/reason)"
	# shellcheck disable=SC2254
	case $(cat kst-a/reason) in
	$2) pk write kst-a/state kill ;;
	*) return 1 ;;
	esac
}

# It loses its own CPUs by that, one of them at the first NMI that its guest gets in real
# mode, and nothing else happens.
outlives_nmis()
{
	ended && load kst-a "panic=0 parker.app=do parker.do=attack,own-nmi,$ATTACKS;die,idt" &&
		start kst-a && wait_state kst-a crashed stopped && is_state kst-a crashed || return
	note "$(cat kst-a/reason)"
	pk write kst-a/state kill && is_state kst-a stopped && goes_on
}

goes_on()
{
	is_state kst-n running && pk poll -c kst-n/console 1 "app: ready"
}

settings_kept()
{
	up kst-a && fails pk write kst-a/isolation bare && fails pk write kst-a/on_violation log &&
		isolated guarded && pk write kst-a/state kill
}

# APIC base, misc enable, PAT, MTRR default, banks of machine checks, EFER, syscalls,
# SYSCFG, HWCR, VM_CR
MSRS="0x1b 0x1a0 0x277 0x2ff 0x17a 0x400 0x404 0xc0000080 0xc0000081 0xc0010010 0xc0010015
	0xc0010114"
PARAMETER=/sys/module/parker/parameters/isolation
DEFAULT=$(cat $PARAMETER)
setup
need_guard
need 4 700
plan 29
ATTACKS=${PARKER_ATTACKS:-300}
registers >"$TMP/registers"
make kst-n "$(pick 1)" 128M && pk write kst-n/isolation bare && up kst-n || die "no neighbour"
make kst-a "$(pick 2)" 256M || die "no partition"
OTHER=$(pick 1)

echo bare >$PARAMETER
check "create and check take isolation=" chosen
check "parker.isolation is what a new partition gets" by_default
refuse EINVAL "line: isolation= is there twice" . "isolation= twice" \
	pk write create "kst-b cpus=$OTHER memory=64M isolation=bare isolation=bare"
refuse EINVAL "isolation: write bare or guarded" . "isolation=none" \
	pk write create "kst-b cpus=$OTHER memory=64M isolation=none"
works "$(first_cpu)"
pk write kst-a/isolation guarded
check "isolation can be guarded" isolated guarded
check "a kernel at work touches nothing else" at_work
pk write kst-a/state kill
check "while it runs, isolation and on_violation stay" settings_kept

pk write kst-a/on_violation log
for kind in read write mmio port msr ipi insn; do
	check "$ATTACKS attacks: $kind" attacks $kind
done

ended
pk write kst-a/on_violation stop
check "a read ends it" ends attack,read,1 "read 0x*, which is not the partition's, at 0x*"
check "a write ends it" ends attack,write,1 "wrote to 0x*, which is not the partition's, at 0x*"
check "a port ends it" ends attack,port,1 "used I/O port 0x*, at 0x*"
check "an MSR ends it" ends attack,one-msr,1 "wrote to MSR 0x*, at 0x*"
check "an IPI ends it" ends attack,ipi,1 "sent the IPI 0x* to APIC ID 0x*, at 0x*"
check "an instruction ends it" ends attack,insn,100 \
	"used an instruction for virtualisation (exit 0x*), at 0x*"
check "a CPU started elsewhere ends it" ends attack,sipi,1 "*, at 0x*"
check "its IDT wiped ends it" ends die,idt "triple fault, at 0x*"
check "its page tables wiped end it" ends die,tables "triple fault, at 0x*"
check "NMIs to its own CPUs, whatever these do, reach nothing else" outlives_nmis
check "after all of that it works" at_work
check "the neighbour was not disturbed" goes_on
check "the boot kernel's own work was not disturbed" worked_on
echo "$DEFAULT" >$PARAMETER
remove_all
check "config spaces, MSRs of all CPUs and the HPET are as before" unchanged
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
