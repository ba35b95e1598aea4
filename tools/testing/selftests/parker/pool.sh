#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The pool that parker_memory= keeps aside: partitions get it before other memory,
# the boot kernel uses it meanwhile, and it can be had when all else is in use.

. "$(dirname "$0")/lib.sh"

# What is left to the boot kernel beside the pool, in MiB.
RESERVE=320

meminfo()
{
	awk -v key="$1:" '$1 == key { print int($2 / 1024) }' /proc/meminfo
}

# items: SIZE[@NODE], one a line
items()
{
	tr ' ' '\n' </proc/cmdline | sed -n 's/^parker_memory=//p' | tr ',' '\n'
}

# mib SIZE[@NODE]: rounded up to 2 MiB
mib()
{
	local size="${1%@*}" shift=0

	case $size in
	*[Kk]) shift=10 ;;
	*[Mm]) shift=20 ;;
	*[Gg]) shift=30 ;;
	*[Tt]) shift=40 ;;
	esac
	echo $(((((${size%[KkMmGgTt]} << shift) + 2097151) >> 21) * 2))
}

pool_size()
{
	local item sum=0

	for item in $(items); do
		sum=$((sum + $(mib "$item")))
	done
	echo $sum
}

# node_of CPU
node_of()
{
	local dir

	for dir in "$CPUDIR/cpu$1"/node*; do
		[ ! -d "$dir" ] || echo "${dir##*/node}"
	done
}

# core_on NODE...: the last core that is available on one of them
core_on()
{
	local cpu

	for cpu in $(expand "$(available_cpus)" | sort -rn); do
		case " $* " in
		*" $(node_of "$cpu") "*) siblings_of "$cpu"; return ;;
		esac
	done
}

# bytes_in FILE NODE: the sum of its regions there
bytes_in()
{
	awk -v node="node$2" '$3 == node { sum += $2 } END { printf "%.0f\n", sum }' "$1"
}

pool_nodes()
{
	awk '{ print substr($3, 5) }' "$TMP/areas" | sort -u | tr '\n' ' '
}

other_nodes()
{
	awk '$1 == "memory" { print substr($2, 5) }' available |
		grep -vxF "$(pool_nodes | tr ' ' '\n' | grep .)" | tr '\n' ' '
}

# Where the request names no node, and something is kept aside on the near one: that first.
near_pool_first()
{
	local core node mib

	# shellcheck disable=SC2046
	core=$(core_on $(pool_nodes)) && [ "$core" ] || return 4
	node=$(node_of "${core%%[,-]*}") mib=$(($(bytes_in "$TMP/areas" "$node") >> 20))
	note "CPUs $core of node $node, $mib MiB"
	gives_back && pk write kst-a/cpus "$core" && gets "${mib}M" "$mib" &&
		covers "$TMP/areas" kst-a/memory &&
		same "$(bytes_in kst-a/memory "$node")" $((mib << 20))
}

# Where nothing is kept aside on the near one: what is kept aside elsewhere.
far_pool_first()
{
	local core

	# shellcheck disable=SC2046
	core=$(core_on $(other_nodes)) && [ "$core" ] || return 4
	note "CPUs $core of node $(node_of "${core%%[,-]*}"), the pool is on $(pool_nodes)"
	gives_back && pk write kst-a/cpus "$core" && gets "${POOL}M" "$POOL" &&
		covers "$TMP/areas" kst-a/memory
}

# gets WISH MIB
gets()
{
	pk write kst-a/memory "$1" && same "$(memory_bytes kst-a)" $(($2 << 20))
}

gives_back()
{
	pk write kst-a/memory 0
}

# covers FILE FILE: what the second one lists is a part of what the first one does
covers()
{
	local range rest

	while read -r range rest; do
		lies_in "$range" "$1" || return
	done <"$2"
}

# lies_in RANGE FILE
lies_in()
{
	local range rest

	while read -r range rest; do
		[ $((${1%-*})) -ge $((${range%-*})) ] && [ $((${1#*-})) -le $((${range#*-})) ] &&
			return
	done <"$2"
	note "$1 is not in: $(tr '\n' ' ' <"$2")"
	return 1
}

# The areas are known from what a partition gets that has all of them: no page of
# the pool is free then.
all_of_it()
{
	local before

	before=$(meminfo CmaFree)
	gets "$WISH" "$POOL" && cp kst-a/memory "$TMP/areas" || return
	sed 's/^/# area: /' "$TMP/areas"
	note "MiB free for CMA: $before of $(meminfo CmaTotal), now $(meminfo CmaFree)"
	between "$(meminfo CmaFree)" 0 $(($(meminfo CmaTotal) - POOL)) &&
		between "$before" $(($(meminfo CmaFree) + POOL / 2)) "$(meminfo CmaTotal)"
}

# What lies in the lists of each CPU is not counted as free.
goes_back()
{
	gives_back && between "$(meminfo CmaFree)" $((POOL * 7 / 8)) "$(meminfo CmaTotal)"
}

largest_fits()
{
	local region available

	region=$(awk '$2 > max { max = $2 } END { printf "%.0f\n", max }' "$TMP/areas")
	available=$(awk '$1 == "memory" && $5 > max { max = $5 }
		END { printf "%.0f\n", max }' available)
	[ "$available" -ge "$region" ] && return
	note "a region of $region bytes was taken, the largest available is $available"
	return 1
}

# Half of each item.
part_of_it()
{
	local item node half=''

	for item in $(items); do
		node=${item#"${item%@*}"}
		half="$half $(($(mib "$item") / 2))M$node"
	done
	note "half of it:$half"
	pk write kst-a/memory "$half" && covers "$TMP/areas" kst-a/memory
}

the_same_again()
{
	gives_back && gets "$WISH" "$POOL" && cmp "$TMP/areas" kst-a/memory
}

more_than_it()
{
	gives_back && gets "$WISH 64M" $((POOL + 64)) && covers kst-a/memory "$TMP/areas"
}

# What is free or can be dropped beside the pool
rest()
{
	echo $(($(meminfo MemAvailable) - $(meminfo CmaFree)))
}

# The trace buffer's pages do not move. It leaves a quarter of the pool's size,
# which is where pages of the pool can move to.
fill_unmovable()
{
	local buffer="$TRACE/per_cpu/cpu0/buffer_size_kb" fill

	fill=$(($(rest) - POOL / 4 - RESERVE))
	note "the trace buffer takes $fill of $(rest) MiB beside the pool"
	[ $fill -le 0 ] || echo $((fill << 10)) >"$buffer" || return
	between "$(rest)" 0 $((POOL - 64))
}

# So much that some of it lies in the pool.
fill_tmpfs()
{
	local nr=0

	mkdir "$TMP/fill" && mount -t tmpfs -o size=100% none "$TMP/fill" || return
	dd if=/dev/urandom of="$TMP/fill/seed" bs=1M count=2 2>/dev/null || return
	while [ $((nr * 2 + 4)) -lt $((POOL / 4)) ]; do
		cp "$TMP/fill/seed" "$TMP/fill/$nr" || return
		nr=$((nr + 1))
	done
	note "MiB free: $(meminfo MemFree), for CMA: $(meminfo CmaFree)"
	between "$(meminfo CmaFree)" 0 $((POOL - 8))
}

intact()
{
	pk same "$TMP/fill/seed" "$TMP"/fill/[0-9]*
}

# A start needs some pages of the boot kernel's own, and below 4 GiB: the trace buffer
# of CPU 0 may have left none, where all of its node is there.
runs()
{
	local buffer="$TRACE/per_cpu/cpu0/buffer_size_kb"

	echo $(($(cat "$buffer") - 16384)) >"$buffer" && up kst-a && pk write kst-a/state kill
}

under_pressure()
{
	check "the rest is filled with what does not move" fill_unmovable
	check "the boot kernel uses the pool for tmpfs" fill_tmpfs
	check "all of the pool can be had" gets "$WISH" "$POOL"
	check "it is the same memory" covers "$TMP/areas" kst-a/memory
	check "a kernel runs there" runs
	check "what was in the tmpfs is intact" intact
	umount "$TMP/fill"
}

remove_buffer()
{
	end_trace
}

setup
[ "$(items)" ] || skip_all "no parker_memory= on the command line"
[ "$(grep -c ^memory available)" = 1 ] || ! items | grep -qv @ ||
	skip_all "parker_memory= names no node on a machine of several"
POOL=$(pool_size) WISH=$(items | tr '\n' ' ')
need 1 $((POOL + 64))
plan 18
pk mkdir kst-a && pk write kst-a/cpus "$(pick 1)" || die "no partition"

check "the pool of $POOL MiB was kept aside" \
	between "$(meminfo CmaTotal)" "$POOL" "$(meminfo MemTotal)"
check "it is available" between $(($(available_memory) >> 20)) "$POOL" "$(meminfo MemTotal)"
check "all of it can be had" all_of_it
check "it goes back to the pool" goes_back
check "its largest area is available" largest_fits
check "a part comes from it, too" part_of_it
check "all of it is had again" the_same_again
check "more than that comes from elsewhere" more_than_it
check_or_skip "no CPU is near it" "near CPUs get it without a node" near_pool_first
check_or_skip "it is on all nodes" "far CPUs get it without a node" far_pool_first
pk write kst-a/memory 0 && pk write kst-a/cpus "$(pick 1)" || die "no CPU"
check "that goes back, too" goes_back

if [ "$(meminfo MemTotal)" -gt "${PARKER_PRESSURE_MAX:-16384}" ]; then
	pressure="it would take long to fill the memory: set PARKER_PRESSURE_MAX"
elif [ "$POOL" -lt 512 ]; then
	pressure="the pool is smaller than 512 MiB"
elif ! [ -d $TRACING/instances ] || ! mkdir $TRACE; then
	pressure="no trace buffer to fill the memory with"
else
	pressure=
fi
trap 'remove_buffer; cleanup' EXIT
if [ -z "$pressure" ]; then
	under_pressure
else
	for what in "the rest is filled" "the pool is used" "all of the pool can be had" \
		"the same memory" "a kernel runs there" "tmpfs is intact"; do
		ktap_test_skip "$what: $pressure"
	done
fi
remove_buffer
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
