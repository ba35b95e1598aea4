# SPDX-License-Identifier: GPL-2.0
# What the machine has: images, CPUs, memory. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

kernel_image()
{
	for KERNEL in "${PARKER_KERNEL:-/boot/bzImage}" "/boot/vmlinuz-$(uname -r)"; do
		[ -r "$KERNEL" ] && return
	done
	skip_all "no kernel image: set PARKER_KERNEL"
}

app_initrd()
{
	app-initrd.sh "$TMP/initrd" "$@" >"$TMP/log" 2>&1 || skip_all "no initrd: $(cat "$TMP/log")"
	INITRD=$TMP/initrd
}

# have N MIB
have()
{
	[ "$(nr_cpus "$(available_cpus)")" -ge "$1" ] &&
		[ "$(available_memory)" -ge $(($2 << 20)) ]
}

# need N MIB: skip where fewer CPUs or less memory are available. The kernel and
# the initrd to load are at hand afterwards.
need()
{
	have "$1" "$2" || skip_all "needs $1 CPUs and $2 MiB to be available, not" \
		"$(nr_cpus "$(available_cpus)") and $(($(available_memory) >> 20))"
	kernel_image
	app_initrd
}

# host REQUEST...: have the host of an emulated machine do something, and print its
# answer. PARKER_HOST is the serial port to it; mk/host.py says which requests it knows.
host()
{
	local answer

	# shellcheck disable=SC2094
	{
		echo "parker-host: $*" >&3
		read -r answer <&3
	} 3<>"$PARKER_HOST"
	echo "$answer"
	like "$answer" "error: *" >/dev/null && return 1
	return 0
}

# need_host: skip where nobody answers requests
need_host()
{
	[ -n "${PARKER_HOST:-}" ] || skip_all "needs an emulated machine whose host takes requests"
}

can_guard()
{
	grep -qx "isolation guarded ok" available
}

# need_guard: skip where this machine cannot guard, and fail where PARKER_GUARD says it can
need_guard()
{
	! can_guard || return 0
	[ -z "${PARKER_GUARD:-}" ] || die "$(grep "isolation guarded" available)"
	skip_all "$(grep "isolation guarded" available)"
}

available_cpus()
{
	sed -n 's/^cpus *//p' $ROOT/available
}

available_memory()
{
	awk '$1 == "memory" { sum += $3 } END { printf "%.0f\n", sum }' $ROOT/available
}

# expand LIST: one number a line
expand()
{
	echo "$1" | tr ',' '\n' | awk -F- 'NF { for (i = $1; i <= $NF; i++) print i }'
}

# collapse: numbers of the input as a list
collapse()
{
	sort -n | awk '
		function put() {
			if (NR == 1) return
			printf "%s%s", sep, first
			if (last != first) printf "-%s", last
			sep = ","
		}
		NR > 1 && $1 == last + 1 { last = $1; next }
		{ put(); first = last = $1 }
		END { NR++; if (NR > 1 && first != "") put(); print "" }'
}

nr_cpus()
{
	expand "$1" | wc -l
}

# same_list A B
same_list()
{
	[ "$(expand "$1")" = "$(expand "$2")" ]
}

# has_cpu LIST CPU
has_cpu()
{
	expand "$1" | grep -qx "$2"
}

online()
{
	cat $CPUDIR/online
}

# All CPUs of its core. Topology leaves out those that are offline, as all are of an
# offline CPU; Parker names what is missing.
siblings_of()
{
	local list

	list=$(cat "$CPUDIR/cpu$1/topology/thread_siblings_list" 2>/dev/null) || list=$1
	echo "siblings cpus=$list memory=2M" 2>/dev/null >$ROOT/check ||
		list=$list,$(sed -n 's/.* shares its core with CPU \([0-9,-]*\), .*/\1/p' \
			$ROOT/last_error)
	expand "$list" | collapse
}

has_smt()
{
	local cpu

	for cpu in $(expand "$(available_cpus)"); do
		[ "$(nr_cpus "$(siblings_of "$cpu")")" -gt 1 ] && return
	done
	return 1
}

# has_flag NAME: a feature of the CPUs, by its name in /proc/cpuinfo
has_flag()
{
	grep -qw "^flags.* $1" /proc/cpuinfo
}

# pick N: the last N available CPUs, or more, as a core is taken whole
pick()
{
	local cpu picked=

	for cpu in $(expand "$(available_cpus)" | sort -rn); do
		[ "$(echo "$picked" | wc -w)" -lt "$1" ] || break
		has_cpu "$(echo "$picked" | tr ' ' ',')" "$cpu" && continue
		picked="$picked $(expand "$(siblings_of "$cpu")" | tr '\n' ' ')"
	done
	echo "$picked" | tr ' ' '\n' | grep . | collapse
}

# What the boot kernel can still use, its caches dropped. With what lies free in the
# lists of each CPU, which comes and goes by tens of MiB and which MemAvailable leaves
# out.
available_kb()
{
	local file

	sync
	echo 3 >/proc/sys/vm/drop_caches
	# What is freed and only kept at hand, by KASAN for long.
	for file in /sys/kernel/slab/*/shrink; do
		echo 1 >"$file"
	done 2>/dev/null
	awk '/^MemAvailable/ { sum += $2 } $1 == "count:" { sum += $2 * 4 }
		END { print sum }' /proc/meminfo /proc/zoneinfo
}

# What is freed with a delay gets some time, what is lost never comes.
settled()
{
	local best=0 now

	for _ in 1 2 3 4 5; do
		now=$(available_kb)
		[ "$now" -le "$best" ] || best=$now
		[ "$best" -lt "${1:-0}" ] || break
		sleep 1
	done
	echo "$best"
}
