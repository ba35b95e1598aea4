#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The init of the application kernels that the tests start: says what it has,
# then does what parker.app=ACTION of the command line names.
#
#   idle      nothing, which is the default
#   poweroff  halt  reboot  exit (of init)
#   crash     a panic, on CPU parker.cpu=N
#   deaf      idle, but does not power off when it is asked to
#   hotplug   takes its CPUs offline and online again
#   irqs      prints its interrupt counts, once a second
#   storm     makes its CPUs interrupt each other, parker.storm=COUNT times
#   busy      keeps its CPUs busy
#   kexec     tries to start /extra/kernel by an ordinary kexec
#   do        what parker.do=COMMAND says, with commas for blanks
#   spite     idle, but crashes when it is asked to power off
#   fill      fills half of its free memory with parker.fill=TEXT, backwards
#   flood     prints 1.25 MiB
#   fio       writes a file, parker.mib=MIB large, and checks what it reads
#   write     writes a file again and again
#   net       is host parker.host=N of two networks, and talks to parker.peers=N,...
#   tell      how it was built, where it lies, its NUMA nodes
#   work      parker.count=N system calls, then page faults, then context switches
#   reach     tries each way to the machine that drivers and programs have
#   sleep     tries each way to put the machine to sleep
#   rescan    removes its PCI functions, and has the bus scanned for them
#   audit     loads all modules, and does what an ordinary system does
#   tricks    what its users may try, tracing, printing, hotplug: all of it may be done
#   trespass  does what it must not, once each, so that nobody is harmed
#   attacks   does so parker.count=N times each, at random

export PATH=/bin
CLOCKS=/sys/devices/system/clocksource/clocksource0
# By its whole name, as /proc is not there yet to tell its place.
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev 2>/dev/null
# A console that is no terminal cannot be opened.
(: >/dev/console) 2>/dev/null || exec >/dev/kmsg 2>&1

say()
{
	echo "app: $*"
}

argument()
{
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1
}

# has_all KIND DIRECTORY: one line for each entry
has_all()
{
	for entry in "$2"/*; do
		[ ! -e "$entry" ] || say "has $1 ${entry##*/}"
	done
}

# What a whole machine has, and an application kernel has not.
has()
{
	sed 's/^ *[^ ]* : /app: has port /' /proc/ioports
	sed -n '/: System RAM\|: Kernel \|: Local APIC/!s/^ *[^ ]* : /app: has iomem /p' /proc/iomem
	has_all pci /sys/bus/pci/devices
	has_all pnp /sys/bus/pnp/devices
	has_all serio /sys/bus/serio/devices
	has_all rtc /sys/class/rtc
	has_all acpi /sys/firmware/acpi
	has_all dmi /sys/firmware/dmi
	for name in $(cat $CLOCKS/available_clocksource); do
		say "has clocksource $name"
	done
	for state in $(cat /sys/power/state /sys/power/mem_sleep 2>/dev/null); do
		say "has sleep $state"
	done
	say "has hibernation $(cat /sys/power/disk 2>/dev/null)"
	say "has reboot $(cat /sys/kernel/reboot/type)"
	say "has crash memory $(cat /sys/kernel/kexec_crash_size)"
}

# In a crash kernel of the machine: can what the other one left be read?
dump()
{
	[ ! -e /proc/vmcore ] ||
		say "dump $(dd if=/proc/vmcore bs=1M count=256 2>/dev/null | wc -c) bytes"
}

cpus_online()
{
	cat /sys/devices/system/cpu/online
}

# Signals that poweroff(8), halt(8) and reboot(8) send to init.
trap 'say powering off; poweroff -f' USR2
trap 'say halting; halt -f' USR1
trap 'say rebooting; reboot -f' TERM

idle()
{
	while :; do
		sleep 3600 &
		wait $!
	done
}

# provoke FILE WORD: a way to die that debugfs has
provoke()
{
	mount -t debugfs none /sys/kernel/debug
	echo "$2" >"/sys/kernel/debug/$1" && return
	say "cannot die"
	poweroff -f
}

# Those of Parker
die()
{
	provoke parker/die "$1"
}

# attack KIND COUNT: try to touch what is not its own
attack()
{
	provoke parker/attack "$1 $2"
}

# Those of any kernel
lkdtm()
{
	provoke provoke-crash/DIRECT "$1"
}

# A signal to init, which comes here
plainly()
{
	"$1" &
}

panic_on_oom()
{
	echo 1 >/proc/sys/vm/panic_on_oom
	tail /dev/zero
}

crash()
{
	local cpu

	cpu=$(argument parker.cpu)
	[ -z "$cpu" ] || taskset -p -c "$cpu" $$
	echo c >/proc/sysrq-trigger
}

crash_without_a_cpu()
{
	set_cpu /sys/devices/system/cpu/cpu1 0 && say "cpus $(cpus_online)" && crash
}

set_cpu()
{
	echo "$2" >"$1/online" && [ "$(cat "$1/online")" = "$2" ] && return
	say "hotplug failed: $1 not $2"
	return 1
}

hotplug()
{
	before=$(cpus_online)
	for round in 1 2 3; do
		for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
			[ -f "$cpu/online" ] || continue
			set_cpu "$cpu" 0 && set_cpu "$cpu" 1 || return
		done
	done
	[ "$(cpus_online)" = "$before" ] && say "hotplug ok, $round rounds"
}

# One line for each kind that has occurred, summed up over the CPUs.
irqs()
{
	count=0
	while :; do
		count=$((count + 1))
		say "irqs $count begin"
		awk 'NR == 1 { cpus = NF; next }
		     { sum = 0; for (i = 2; i <= cpus + 1; i++) sum += $i }
		     sum { sub(":", "", $1); print "app: irq", $1, sum }' /proc/interrupts
		say "irqs $count end"
		sleep 1 &
		wait $!
	done
}

storm()
{
	say "storm begin"
	say "storm end, $(pk storm membarrier "$(argument parker.storm)")"
}

busy()
{
	pk spin 3600 "$(cpus_online)" &
}

# The initrd and the command line have the text backwards, so that it is found
# only where this wrote it. With 31 letters, a page has whole lines.
fill()
{
	count=$(awk '/^MemFree/ { print int($2 / 2048) }' /proc/meminfo)
	yes "$(argument parker.fill | rev)" | head -c 1m >/fill.1
	for nr in $(seq 2 "$count"); do
		cp /fill.1 "/fill.$nr" || return
	done
	say "filled $count MiB"
}

# Lines of 32 bytes.
flood()
{
	awk 'BEGIN { for (i = 1; i <= 40960; i++) printf "app: flood %8d ...........\n", i }'
	say "flood end"
}

# tell_node DIRECTORY
tell_node()
{
	say "node ${1##*/node} cpus $(cat "$1/cpulist")"
	say "node ${1##*/node} memory $(awk '/MemTotal/ { print $4 }' "$1/meminfo") kB"
}

tell()
{
	say "version $(uname -v)"
	say "text $(sed -n 's/ T _text$//p' /proc/kallsyms)"
	say "code $(sed -n 's/^ *\([^ ]*\) : Kernel code$/\1/p' /proc/iomem)"
	grep -qw la57 /proc/cpuinfo && say "levels 5" || say "levels 4"
	say "spectre_v1 $(cat /sys/devices/system/cpu/vulnerabilities/spectre_v1)"
	for node in /sys/devices/system/node/node[0-9]*; do
		[ ! -e "$node" ] || tell_node "$node"
	done
	say "told"
}

# A second before each, in which the boot kernel can look at its counters.
work()
{
	for kind in calls faults switches; do
		say "work $kind begins"
		sleep 1
		pk bench $kind "$(argument parker.count)"
		say "work $kind ended with $?"
	done
}

# refused WHAT COMMAND...: it fails as it should
refused()
{
	what=$1
	shift
	"$@" && say "refused $what" || say "reached $what"
}

# map HOW ADDRESS: neither a driver can map that
map()
{
	refused "$1 $2" pk write /sys/kernel/debug/parker/map "$1 $2" EPERM
}

# What a boot kernel has and offers.
offers()
{
	for file in /sys/devices/system/cpu/cpufreq /sys/devices/system/cpu/cpuidle \
		/sys/bus/platform/devices/intel_rapl_msr.0 \
		/sys/devices/system/cpu/cpu0/microcode; do
		[ ! -e $file ] || say "offers $file"
	done
	say "flags $(sed -n 's/^flags[^:]*: //p' /proc/cpuinfo | head -n 1)"
	say "floppies $(sed -n 's/^# floppies *: //p' /proc/driver/nvram)"
	for cpu in /dev/cpu/[0-9]*; do
		say "bank ${cpu##*/} $(pk msr "${cpu##*/}" 0x404)"
	done
}

reach()
{
	mount -t debugfs none /sys/kernel/debug
	offers
	refused /proc/mtrr pk open /proc/mtrr EIO
	refused ioperm pk ioperm 0x80 EPERM
	refused iopl pk iopl 3 EPERM
	refused /dev/mem pk open /dev/mem EPERM
	refused /dev/port pk open /dev/port EPERM
	refused "MSR write" pk msr 0 0x404 0 EPERM
	# BIOS, memory that is never given away, configuration space, I/O APIC, HPET, TXT, flash
	for address in 0xf0000 0x400000 0xb0000000 0xfec00000 0xfed00000 0xfed30000 \
		0xffc00000; do
		map ioremap $address
		map memremap $address
	done
	own=0x$(sed -n 's/-.*: System RAM$//p' /proc/iomem | tail -n 1 | tr -d ' ')
	pk write /sys/kernel/debug/parker/map "memremap $own" && say "mapped its own"
	say "reach end"
}

# fall_asleep FILE TEXT ERRNO
fall_asleep()
{
	refused "${1##*/} $2" pk write "$1" "$2" "$3"
}

try_sleep()
{
	mount -t debugfs none /sys/kernel/debug
	fall_asleep /sys/power/disk shutdown EPERM
	fall_asleep /sys/power/state disk EPERM
	fall_asleep /sys/kernel/debug/parker/suspend x EPERM
	fall_asleep /sys/power/mem_sleep s2idle EINVAL
	fall_asleep /sys/power/state mem EINVAL
	fall_asleep /sys/power/state freeze EINVAL
	say "sleep end"
}

# list_functions WHEN: where they are, and who drives them
list_functions()
{
	for function in /sys/bus/pci/devices/*; do
		[ -e "$function" ] || continue
		driver=$(readlink "$function/driver")
		say "$1 ${function##*/} ${driver##*/}" "$(tr '\n' ' ' <"$function/resource")"
	done
}

rescan()
{
	list_functions before
	for function in /sys/bus/pci/devices/*; do
		echo 1 >"$function/remove"
	done
	list_functions removed
	echo 1 >/sys/bus/pci/rescan
	list_functions after
	say "rescan end"
}

load_modules()
{
	loaded=0
	[ -d "/lib/modules/$(uname -r)" ] && modules=$(find /lib/modules -name "*.ko") || return
	for module in $modules; do
		name=${module##*/}
		modprobe "${name%.ko}" 2>/tmp/modprobe && loaded=$((loaded + 1)) && continue
		say "without ${name%.ko}: $(tail -n 1 /tmp/modprobe)"
	done
	say "modules $loaded of $(echo "$modules" | wc -l)"
}

# What talks to the machine, or makes the kernel do so. Most have nothing to talk to.
STRESSORS="cpu-online tlb-shootdown membarrier mprotect timer hrtimers clock tsc resched sysfs
	procfs dev pci rtc watchdog ioport smi opcode priv-instr x86cpuid cache flushcache
	lockbus physpage efivar rdrand klog loop idle-page memhotplug fork vm"

stress()
{
	for stressor in $STRESSORS; do
		timeout 60 stress-ng --pathological --"$stressor" 2 \
			-t "$(argument parker.seconds)" >/tmp/stress 2>&1
		say "stress $stressor ended with $?: $(tail -n 1 /tmp/stress)"
	done
	say "stress end"
}

use_perf()
{
	perf stat -a sleep 1 2>&1 | sed -n 's/^ *[^ ]* .*[a-z].*/app: perf &/p'
	perf record -a -g -o /tmp/perf.data sleep 1 >/tmp/perf 2>&1
	lines=$(perf report -i /tmp/perf.data --stdio 2>/dev/null | grep -c '%')
	say "perf $lines: $(tail -n 1 /tmp/perf)"
}

# Each part says when it begins, as who watches from outside names it so.
audit()
{
	mkdir -p /tmp && mount -t tmpfs none /tmp
	mount -t debugfs none /sys/kernel/debug
	mount -t tracefs none /sys/kernel/tracing 2>/dev/null
	for part in load_modules hotplug use_perf stress; do
		say "audit $part"
		$part
	done
	dd if=/dev/nvme0n1 bs=64k count=64 of=/dev/null 2>/dev/null && say "disk read"
	say "audit end"
}

# Its readers are woken by interrupts that a CPU sends to itself.
trace_a_while()
{
	mount -t tracefs none /sys/kernel/tracing
	for event in irq_vectors sched; do
		[ ! -d /sys/kernel/tracing/events/$event ] ||
			echo 1 >/sys/kernel/tracing/events/$event/enable
	done
	timeout 2 cat /sys/kernel/tracing/trace_pipe >/tmp/trace
	echo 0 >/sys/kernel/tracing/events/enable
	say "traced $(wc -l </tmp/trace)"
}

# By an NMI, on each CPU, while the log is read.
print_from_interrupts()
{
	timeout 2 cat /dev/kmsg >/tmp/kmsg &
	echo l >/proc/sysrq-trigger
	wait $!
	say "printed $(grep -c "NMI backtrace for cpu" /tmp/kmsg)"
}

tricks()
{
	mkdir -p /tmp && mount -t tmpfs none /tmp
	# An initrd is only root's.
	chmod 755 / /bin
	pk as 65534 pk tricks >/tmp/tricks 2>&1
	status=$?
	while read -r line; do
		say "$line"
	done </tmp/tricks
	say "tricks as a user ended with $status"
	trace_a_while
	print_from_interrupts
	hotplug
	say "tricks end"
}

trespass()
{
	mount -t debugfs none /sys/kernel/debug
	for what in port ipi shorthand logical msr wbinvd uncached mmio memory; do
		pk write /sys/kernel/debug/parker/attack "one-$what 1" && say "trespassed $what"
	done
	say "trespass end"
}

attacks()
{
	for kind in read write mmio port msr ipi insn; do
		attack $kind "$(argument parker.count)"
	done
	say "attacks end"
}

try_kexec()
{
	pk kexec /extra/kernel | while read -r line; do
		say "kexec $line"
	done
}

# The file is written through to the disk, and each block tells where it belongs.
run_fio()
{
	mount -o remount,rw / 2>/dev/null
	fio --name=verify --filename=/fio --size="$(argument parker.mib)m" --bs=64k --rw=randwrite \
		--ioengine=psync --fsync=64 --verify=crc32c --do_verify=1 --verify_fatal=1 \
		>/fio.log 2>&1
	status=$?
	sed -n 's/^ *\(READ\|WRITE\): /app: fio &/p' /fio.log
	[ $status = 0 ] || tail -n 20 /fio.log
	say "fio ended with $status"
}

write_on()
{
	say "write begin"
	while :; do
		dd if=/dev/zero bs=64k count=256 2>/dev/null | tr '\0' w >/written
		mv /written "/written.$((count = (count + 1) % 8))"
	done
}

# net_address DRIVER SUBNET: the device of this driver is in that subnet.
net_address()
{
	for link in /sys/class/net/*/device/driver; do
		driver=$(readlink "$link")
		[ "${driver##*/}" = "$1" ] || continue
		name=${link#/sys/class/net/}
		ip addr add "10.0.$2.$(argument parker.host)/24" dev "${name%%/*}"
		ip link set "${name%%/*}" up
	done
}

# talk ADDRESS: ping it until it answers, then send for a second.
talk()
{
	for _ in $(seq 60); do
		ping -c 1 -W 1 "$1" >/dev/null && break
	done
	ping -c 3 -W 5 "$1" >/dev/null && say "ping $1 ok"
	for _ in $(seq 20); do
		iperf3 -c "$1" -t 2 -f m >/tmp/iperf 2>&1 && break
		sleep 1
	done
	sed -n '/receiver/s/.* \([0-9.]* Mbits.sec\).*/\1/p' /tmp/iperf | while read -r rate; do
		say "iperf $1 $rate"
	done
}

net()
{
	mount -t tmpfs none /tmp
	# Both subnets are on one wire, and each device answers for itself.
	echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
	ip link set lo up
	net_address e1000e 1
	net_address virtio_net 2
	iperf3 -s >/dev/null 2>&1 &
	say "net up"
	for peer in $(argument parker.peers | tr , ' '); do
		talk "10.0.1.$peer"
		talk "10.0.2.$peer"
	done
	awk '/PCI-MSI/ { sum = 0; for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i
		print "app: interrupts", sum, $i, $NF }' /proc/interrupts
	say "net end"
}

say "release $(uname -r)"
say "cpus $(cpus_online)"
say "memory $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) kB"
say "cmdline $(cat /proc/cmdline)"
say "clocksource $(cat $CLOCKS/current_clocksource)"
say "seconds $(date +%s)"
awk '/System RAM/ { print "app: ram", $1 }' /proc/iomem
has
dump
say "ready"

case $(argument parker.app) in
poweroff) poweroff -f ;;
halt) halt -f ;;
reboot) reboot -f ;;
crash) crash ;;
exit) exit 3 ;;
do) eval "$(argument parker.do | tr , ' ')" ;;
spite) trap crash USR2 ;;
deaf) trap '' USR2 ;;
hotplug) hotplug ;;
irqs) irqs ;;
fill) fill ;;
fio) run_fio ;;
write) write_on & ;;
net) net & ;;
flood) flood ;;
tell) tell ;;
work) work ;;
reach) reach ;;
sleep) try_sleep ;;
rescan) rescan ;;
audit) audit ;;
tricks) tricks ;;
trespass) trespass ;;
attacks) attacks ;;
storm) storm ;;
busy) busy ;;
kexec) try_kexec ;;
esac
idle
