# SPDX-License-Identifier: GPL-2.0
# What bench.sh compares a partition with: the same kernel with the same CPUs, memory and
# initrd in a virtual machine of KVM. Sourced by it.
#
# PARKER_BENCH_VMM  folder with qemu-system-x86_64, its libraries and firmware
#                   (default: /vmm)
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

VMM=${PARKER_BENCH_VMM:-/vmm}
# What both have, beside one CPU
EACH_MEMORY=256M

# vm on|off INITRD PARAMETERS [COMMAND...]: until it powers off. All of its memory is taken
# at once if it is to be on. COMMAND is what it is started by. QEMU's smallest machine has a
# serial port and no disk; its firmware does nothing but to load. It is told the rate of the
# time stamp counter, as a partition is.
vm()
{
	local now="$1" initrd="$2"
	local line="quiet console=ttyS0 panic=-1 tsc_early_khz=$TSC_KHZ $LIKE_HERE $3"
	local ram="memory-backend-ram,id=ram,size=$EACH_MEMORY"

	shift 3
	"$@" "$VMM/ld-linux-x86-64.so.2" --library-path "$VMM" "$VMM/qemu-system-x86_64" \
		-L "$VMM" -M microvm,accel=kvm,rtc=on,memory-backend=ram -cpu host -smp 1 \
		-m $EACH_MEMORY -object "$ram,prealloc=$now" \
		-bios qboot.rom -nodefaults -no-user-config -display none -no-reboot \
		-pidfile "$TMP/vm.pid" -serial stdio \
		-kernel "$KERNEL" -initrd "$initrd" -append "$line" >"$TMP/vm" 2>&1 </dev/null
}

# kvm_run RUN WHERE
kvm_run()
{
	ID=kvm/$1/$2
	tell run "suite=kvm where=$2 run=$1"
}

# From nothing to nothing, by an init that does no more than to say when it runs
life_there()
{
	local cpu begin end

	cpu=$(pick 1)
	begin=$(now)
	make kst-b "$cpu" $EACH_MEMORY && first_word kst-b && remove kst-b ||
		die "no life of a partition"
	end=$(now)
	value start $((WORD - STARTED))
	value user $((WORD - begin))
	value all $((end - begin))
}

# Its time stamp counter is another one, so that the time is taken where its word arrives.
life_in_vm()
{
	vm off "$INITRD" "rdinit=/bin/pk -- bench tsc 0" \
		pk count "$ID/all" first "$ID/user" "tsc " || die "no life: $(cat "$TMP/vm")"
	grep "^bench: value $ID/" "$TMP/vm"
	# Its start makes it.
	sed -n "s,^bench: value $ID/user,bench: value $ID/start,p" "$TMP/vm"
}

work_in_vm()
{
	vm off "$WORK" "parker.app=do parker.do=/extra/bench-work.sh,$ID;poweroff,-f" ||
		die "no work: $(cat "$TMP/vm")"
	worked <"$TMP/vm"
}

work_in_partition()
{
	make kst-b "$(pick 1)" $EACH_MEMORY || die "no partition"
	run_there
}

# taken BEFORE: what is missing, beyond the memory that was asked for
taken()
{
	value bytes $(($1 - $(free_bytes) - $(bytes_of $EACH_MEMORY)))
}

bytes_there()
{
	local before

	before=$(free_bytes)
	make kst-b "$(pick 1)" $EACH_MEMORY && up kst-b idle quiet || die "no partition"
	taken "$before"
	remove kst-b || die "it does not end"
}

bytes_in_vm()
{
	local before nr

	before=$(free_bytes)
	vm on "$INITRD" "parker.app=idle" &
	for nr in $(seq "$LIMIT"); do
		sleep 1
		! grep -q "app: ready" "$TMP/vm" || break
	done
	[ "$nr" != "$LIMIT" ] || die "no machine: $(cat "$TMP/vm")"
	taken "$before"
	kill "$(cat "$TMP/vm.pid")"
	wait $!
}

kvm()
{
	local run

	TSC_KHZ=$(tsc_mhz | tr -d .)
	modprobe kvm_amd && [ -c /dev/kvm ] || die "no KVM"
	for run in $(seq "$RUNS"); do
		kvm_run "$run" app
		life_there
		bytes_there
		work_in_partition
		kvm_run "$run" vm
		life_in_vm
		bytes_in_vm
		work_in_vm
	done
}
