#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# bench.sh SUITE: do what is to be measured, and tell the times and counts; mk/bench of
# Parker's repository makes a report of them. Suites:
#
#   lifecycle  a partition from mkdir to rmdir, beside doing by hand what it consists of
#   counted    the same
#   memory     what partitions cost the boot kernel's memory, beyond what they have
#   exits      how often a guarded partition leaves its kernel, by what this does
#   scale      what each of 16 partitions costs, and the boot kernel's watching of them
#   steady     the same work in the boot kernel, alone and with 16 partitions running, and
#              in an application kernel
#   noise      how late timers are in the boot kernel and in a partition while others come
#              and go
#   kvm        a life, the same work and memory of a partition and of a virtual machine
#
# PARKER_BENCH_RUNS    how often each is done (default: 5)
# PARKER_BENCH_SHAPES  CPUS:MEMORY,... of the lifecycle (default: 1, 4 and 8 CPUs with
#                      256M, 1G and 2G each)
# PARKER_BENCH_INITRD  initrd of the application kernel with bench-work.sh, rt-work.sh and
#                      their programs (default: /boot/bench-initrd)
# PARKER_BENCH_SECONDS how long each is measured for noise (default: 10)
# PARKER_BENCH_COUNT   system calls and so on of the exits (default: 1000000)
#
# It prints lines that begin with "bench:". "run" names what the lines up to the next one
# belong to. "event" has an event of the trace, in cycles of the time stamp counter, or a
# mark of this script: +NAME where something begins, -NAME where it ends. "value" is a
# number, by its name after the last slash. "theirs" is the memory of the partitions, which
# tells their instructions from the boot kernel's where the emulator counts them.

. "$(dirname "$0")/lib.sh"
. "$HERE/lib_work.sh"
. "$HERE/lib_kvm.sh"

RUNS=${PARKER_BENCH_RUNS:-5}
SHAPES=${PARKER_BENCH_SHAPES:-1:256M,1:1G,1:2G,4:256M,4:1G,4:2G,8:256M,8:1G,8:2G}
COUNT=${PARKER_BENCH_COUNT:-1000000}

tell()
{
	echo "bench: $*"
}

# value NAME NUMBER
value()
{
	tell value "$1" "${2:-none}"
}

# With three digits after the point
tsc_mhz()
{
	dmesg | sed -n 's/.*tsc: .* \([0-9.]*\) MHz.*/\1/p' | tail -n 1
}

# A shell needs some hundred microseconds for this, which the mark "nothing" tells.
mark()
{
	echo "$1" >$TRACE/trace_marker
}

tell_trace()
{
	sed -n -e 's/.* \([0-9]*\): parker_\([a-z]*\): /bench: event \1 \2 /p' \
		-e 's/.* \([0-9]*\): tracing_mark_write: /bench: event \1 mark /p' $TRACE/trace
	echo >$TRACE/trace
}

bytes_of()
{
	case $1 in
	*G) echo $((${1%G} << 30)) ;;
	*M) echo $((${1%M} << 20)) ;;
	*) echo "$1" ;;
	esac
}

# What claim and release of the CPUs consist of, without Parker.
cpus_by_hand()
{
	local cpu list

	list=$(expand "$1")
	mark +nothing
	mark -nothing
	mark +offline
	for cpu in $list; do
		echo 0 >"$CPUDIR/cpu$cpu/online"
	done
	mark -offline
	mark +online
	for cpu in $list; do
		echo 1 >"$CPUDIR/cpu$cpu/online"
	done
	mark -online
}

now()
{
	pk bench tsc 0 | sed 's/^tsc //'
}

# first_word NAME: sets STARTED, and WORD to the time at which an init speaks that does
# nothing else, which can be compared with that of another machine
first_word()
{
	load "$1" "quiet $LIKE_HERE rdinit=/bin/pk -- bench tsc 0" || return
	STARTED=$(now)
	start "$1" && wait_state "$1" stopped || return
	WORD=$(sed -n 's/^tsc \([0-9]*\).*/\1/p' "$1/console")
}

# live CPUS MEMORY: make, start, start another one that is stopped, start that again, kill,
# and give back one by one. The first start is what is looked at: in memory that had code,
# an emulator is slow to write.
live()
{
	pk mkdir kst-b && pk write kst-b/cpus "$1" && pk write kst-b/memory "$2" &&
		first_word kst-b && value tsc "$WORD" &&
		load kst-b "quiet $LIKE_HERE" && run kst-b &&
		pk write kst-b/state stop && wait_state kst-b stopped && run kst-b &&
		pk write kst-b/state kill && pk write kst-b/memory 0 &&
		pk write kst-b/cpus '' && pk rmdir kst-b
}

# lifecycle_once RUN CPUS MEMORY
lifecycle_once()
{
	local cpus

	cpus=$(pick "$2")
	tell run "suite=lifecycle cpus=$2 memory=$3 run=$1"
	cpus_by_hand "$cpus"
	value zero "$(pk bench zero "$(bytes_of "$3")")"
	value copy "$(pk bench copy "$IMAGE_BYTES")"
	live "$cpus" "$3" || die "a life with $2 CPUs and $3 failed"
	tell_trace
}

lifecycle()
{
	local run shape

	[ -d $TRACING/events/parker ] || die "this kernel has no trace events"
	begin_trace || die "no trace"
	for run in $(seq "$RUNS"); do
		for shape in $(echo "$SHAPES" | tr , ' '); do
			lifecycle_once "$run" "${shape%:*}" "${shape#*:}"
		done
	done
}

# Of the pages that can be dropped, some come back only after a while, and slabs when they
# are shrunk.
free_bytes()
{
	local best=0 now file

	for _ in 1 2 3; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		for file in /sys/kernel/slab/*/shrink; do
			echo 1 >"$file"
		done 2>/dev/null
		sleep 0.3
		now=$(awk '/^MemFree/ { sum += $2 } $1 == "count:" { sum += $2 * 4 }
			END { printf "%.0f\n", sum * 1024 }' /proc/meminfo /proc/zoneinfo)
		[ "$now" -le "$best" ] || best=$now
	done
	echo "$best"
}

# each COMMAND...: with kst-1, kst-2, ... as its last argument
each()
{
	local part

	for part in $PARTS; do
		"$@" "kst-$part" || die "$*: kst-$part"
	done
}

give()
{
	pk write "$1/cpus" "$(pick 1)" && pk write "$1/memory" 64M
}

put()
{
	load "$1" quiet
}

run()
{
	start "$1" && wait_state "$1" running && wait_text "$1" "app: ready"
}

kill_one()
{
	pk write "$1/state" kill
}

# What is kept of all images, to start them from
image_bytes()
{
	awk '$1 == "unpacked_bytes" && $2 { sum += $2 - file } $1 == "initrd_bytes" { sum += $2 }
		$1 == "kernel_bytes" { file = $2; sum += $2 } END { printf "%.0f\n", sum }' \
		kst-*/image
}

memory_once()
{
	tell run "suite=memory partitions=$NR run=$1"
	value free "$(free_bytes)"
	each pk mkdir
	value made "$(free_bytes)"
	each give
	value given "$(free_bytes)"
	value own "$(cat kst-*/memory | awk '{ sum += $2 } END { printf "%.0f\n", sum }')"
	each put
	value loaded "$(free_bytes)"
	value images "$(image_bytes)"
	each run
	value running "$(free_bytes)"
	each kill_one
	value stopped "$(free_bytes)"
	each remove
	value removed "$(free_bytes)"
}

# Two CPUs are for the boot kernel, which has more of them than it needs.
some_parts()
{
	NR=$(($(nr_cpus "$(available_cpus)") - 1))
	[ $NR -le 16 ] || NR=16
	PARTS=$(seq $NR)
}

memory()
{
	local run

	some_parts
	# What the first ones leave behind for good is no cost of the next ones.
	each pk mkdir
	each give
	each put
	each run
	each kill_one
	each remove
	for run in $(seq "$RUNS"); do
		memory_once "$run"
	done
}

# What the file shows is no older than the text that has just been seen, as the boot
# kernel looks at both at the same time.
exits_of()
{
	sed -n "s/^exits_/bench: value ${1:-}exits_/p" kst-b/stat
}

# guarded CPUS [ACTION] [PARAMETERS]: a guarded kernel, until its init has said all
guarded()
{
	make kst-b "$(pick "$1")" 256M && pk write kst-b/isolation guarded &&
		up kst-b "${2:-idle}" "quiet ${3:-}" || die "a guarded kernel with $1 CPUs failed"
}

# ends: whatever it did, it touched nothing that is not its own
ends()
{
	same "$(field kst-b/stat violations)" 0 && is_state kst-b running && remove kst-b ||
		die "the guarded kernel is not in order"
}

# one_cpu RUN: entry, and the kinds of work
one_cpu()
{
	local kind

	guarded 1 work "parker.count=$COUNT"
	tell run "suite=exits mode=$MODE work=entry cpus=1 run=$1"
	exits_of
	for kind in calls faults switches; do
		LIMIT=600 wait_text kst-b "app: work $kind begins" || die "no $kind"
		tell run "suite=exits mode=$MODE work=$kind cpus=1 run=$1"
		exits_of before_
		LIMIT=1200 wait_text kst-b "app: work $kind ended with 0" || die "$kind failed"
		exits_of
	done
	ends
}

# idle_cpus RUN CPUS
idle_cpus()
{
	guarded "$2"
	sleep 2
	tell run "suite=exits mode=$MODE work=idle cpus=$2 run=$1"
	exits_of before_
	sleep 10
	exits_of
	ends
}

exits()
{
	local run

	grep -qx "isolation guarded ok" available || die "$(grep "isolation guarded" available)"
	MODE=xapic
	! dmesg | grep -q 'x2apic enabled' || MODE=x2apic
	tell about count "$COUNT"
	for run in $(seq "$RUNS"); do
		one_cpu "$run"
		idle_cpus "$run" 4
	done
}

# The memory of the partitions tells which of the counted instructions are theirs.
tell_theirs()
{
	tell theirs "$(cat kst-*/memory 2>/dev/null | cut -d ' ' -f 1 | tr '\n' ' ')"
}

# count NAME PK-COMMAND...: what it takes, as one value of the run. It begins at any time
# between two ticks, or one would always come in the midst of the same step.
count()
{
	local name="$ID/$1"

	shift
	pk bench calls "$(below 20000)"
	pk count "$name" "$@" || die "$name: pk $*"
}

# scale_run RUN PARTITION
scale_run()
{
	ID=scale/$1/$2
	tell run "suite=scale partitions=$2 run=$1"
}

# A second for what the last step leaves to be done
watching()
{
	sleep 1
	count rest bench rest 10
}

# create_one NAME
create_one()
{
	count create write create "$1 cpus=$(pick "$EACH") memory=64M"
}

# start_one NAME
start_one()
{
	tell_theirs
	count image load "$(id_of "$1")" "$KERNEL" "$INITRD" quiet
	count start write "$1/state" start
	wait_state "$1" running && wait_text "$1" "app: ready" || die "$1 does not start"
}

one_less()
{
	tell_theirs
	count kill write "$1/state" kill
	count remove rmdir "$1"
}

# All are created before one is watched: the boot kernel has the same CPUs all the time.
scale_once()
{
	local part

	for part in $PARTS; do
		scale_run "$1" "$part"
		create_one "kst-$part"
	done
	scale_run "$1" 0
	watching
	for part in $PARTS; do
		scale_run "$1" "$part"
		start_one "kst-$part"
		case $part in
		1|2|4|8|16) watching ;;
		esac
	done
	for part in $(echo "$PARTS" | sort -rn); do
		scale_run "$1" "$part"
		one_less "kst-$part"
	done
}

scale()
{
	local run

	some_parts
	EACH=$((($(nr_cpus "$(available_cpus)") - 1) / NR))
	[ $EACH -le 3 ] || EACH=3
	tell about cpus_each "$EACH"
	# As above, and the first one also finds caches cold.
	scale_run 0 1
	create_one kst-1
	start_one kst-1
	one_less kst-1
	for run in $(seq "$RUNS"); do
		scale_once "$run"
	done
}

# What the kernels of partitions have in common with this one
LIKE_HERE=$(grep -o "cpu_init_udelay=[0-9]*" /proc/cmdline)
setup
trap 'end_trace; cleanup' EXIT
end_trace
need 1 256
IMAGE_BYTES=$(cat "$KERNEL" "$INITRD" | wc -c)
tell about release "$(uname -r)"
tell about cpus "$(online)"
tell about memory "$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)"
tell about command_line "$(cat /proc/cmdline)"
tell about tsc_mhz "$(tsc_mhz)"
case ${1:-} in
lifecycle|counted) lifecycle ;;
memory|exits|scale|steady|noise|kvm) "$1" ;;
*) die "bench.sh lifecycle|counted|memory|exits|scale|steady|noise|kvm" ;;
esac
log_clean || die "the boot kernel complained"
tell end
