#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# No interrupt or NMI of one kernel arrives at a CPU of another.
#
# The kernels count their interrupts themselves, so a foreign one would show up
# in /proc/interrupts of who gets it. That the storms are storms is seen at the
# kernel that makes them.
#
# PARKER_STORM  how many interrupts a storm has (default: 100)

. "$(dirname "$0")/lib.sh"

COUNT=${PARKER_STORM:-100}
DEBUG=/sys/kernel/debug/parker
KINDS="CAL TLB RES NMI PMI SPU ERR MIS"

# app_irqs NAME KIND...: their sum now, as the application kernel counts
app_irqs()
{
	local dir="$1" last

	shift
	last=$(says "$dir" irqs | sed 's/ .*//')
	# The next count begins after now.
	wait_text "$dir" "app: irqs $((last + 1)) end" || return
	tr -d '\r' <"$dir/console" | awk -v block="$((last + 1))" -v kinds="$*" '
		BEGIN { n = split(kinds, list); for (i = 1; i <= n; i++) want[list[i]] }
		$2 == "irqs" { inside = $3 == block && $4 == "begin" }
		inside && $2 == "irq" && $3 in want { sum += $4 }
		END { printf "%d\n", sum }'
}

# boot_irqs_each KIND...: their sum now on each CPU, one a line, as the boot kernel counts
boot_irqs_each()
{
	awk -v kinds="$*" '
		BEGIN { n = split(kinds, list); for (i = 1; i <= n; i++) want[list[i] ":"] }
		NR == 1 { cpus = NF; next }
		$1 in want { for (i = 2; i <= cpus + 1 && i <= NF; i++) sum[i] += $i }
		END { for (i = 2; i <= cpus + 1; i++) printf "%d\n", sum[i] }' /proc/interrupts
}

# boot_irqs KIND...: the same of all CPUs
boot_irqs()
{
	boot_irqs_each "$@" | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

# most_more BEFORE AFTER: by how much the most grew, of as many numbers
most_more()
{
	printf '%s\n' "$1" "$2" | awk '{ at[NR] = $1 }
		END { half = NR / 2
			for (i = 1; i <= half; i++) if (at[i + half] - at[i] > most)
				most = at[i + half] - at[i]
			printf "%d\n", most }'
}

# quiet_during COMMAND...: the one-CPU kernel notices nothing. It has nobody
# who could interrupt it, so nothing means none.
quiet_during()
{
	local before after

	# shellcheck disable=SC2086
	before=$(app_irqs kst-one $KINDS) || return
	"$@" || return
	# shellcheck disable=SC2086
	after=$(app_irqs kst-one $KINDS) || return
	same "$after" "$before" && is_state kst-one running
}

# The boot kernel interrupts each of its other CPUs COUNT times.
boot_storm()
{
	local before="" cpus

	cpus=$(($(nr_cpus "$(online)") - 1))
	before=$(boot_irqs CAL TLB)
	note "$1: $(pk storm "$1" "$COUNT")"
	between $(($(boot_irqs CAL TLB) - before)) $((COUNT * cpus / 2)) 1000000000
}

boot_nmi()
{
	local before

	before=$(boot_irqs NMI)
	echo l >/proc/sysrq-trigger
	for _ in 1 2 3 4 5; do
		[ "$(boot_irqs NMI)" -gt "$before" ] && return
		sleep 1
	done
	note "no NMI in the boot kernel"
	return 1
}

boot_housekeeping()
{
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/compact_memory
	cat /proc/sys/vm/stat_refresh
	echo 1 >/proc/sys/vm/stat_refresh
}

# An application kernel storms its own CPUs. A CPU of the boot kernel that got it, too,
# would have too many; the boot kernel has interrupts of its own in that time, some twenty a
# second on all of its CPUs, and a storm may take half a minute.
app_storm()
{
	local before after storm=$((COUNT * 10))

	make kst-two "$(pick 2)" 192M &&
		load kst-two "parker.app=storm parker.storm=$storm" || return
	start kst-two && wait_text kst-two "app: storm begin" || return
	before=$(boot_irqs_each CAL TLB)
	wait_text kst-two "app: storm end" || return
	after=$(boot_irqs_each CAL TLB)
	note "kst-two: $(says kst-two "storm end,"); boot kernel: $(most_more "$before" "$after")"
	between "$(most_more "$before" "$after")" 0 $((storm / 2))
}

app_counts_its_own()
{
	pk write kst-two/state kill && up kst-two irqs || return
	between "$(app_irqs kst-two RES CAL TLB)" 1 1000000000
}

shorthand()
{
	same "$(cat $DEBUG/ipi_shorthand)" "$1"
}

# With the shorthand on although CPUs are claimed, the interrupts must be seen:
# else the checks above could not fail.
storm_is_seen_with_shorthand()
{
	local before after

	before=$(app_irqs kst-one CAL)
	pk write $DEBUG/ipi_shorthand on || return
	pk storm membarrier "$COUNT" >/dev/null
	pk write $DEBUG/ipi_shorthand auto || return
	after=$(app_irqs kst-one CAL)
	between $((after - before)) $((COUNT / 10)) 1000000000
}

setup
need 3 512
plan 11
[ -d $DEBUG ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
HAVE_DEBUG=
[ ! -w $DEBUG/ipi_shorthand ] || HAVE_DEBUG=1

if [ "$HAVE_DEBUG" ]; then
	check "the shorthand is on while no CPU is claimed" shorthand on
else
	ktap_test_skip "the shorthand is on: no $DEBUG/ipi_shorthand"
fi
# A core may have several CPUs.
make kst-one "$(pick 1)" 192M && up kst-one irqs maxcpus=1 || die "not running"
if [ "$HAVE_DEBUG" ]; then
	check "the shorthand is off while one is" shorthand off
else
	ktap_test_skip "the shorthand is off: no $DEBUG/ipi_shorthand"
fi
wait_text kst-one "app: irqs 2 end" || die "it does not count"
check "$COUNT membarriers in the boot kernel" quiet_during boot_storm membarrier
check "$COUNT TLB flushes in the boot kernel" quiet_during boot_storm mprotect
check "work on all CPUs of the boot kernel" quiet_during boot_housekeeping
check "NMIs to all CPUs of the boot kernel" quiet_during boot_nmi
log_mark
if [ "$HAVE_DEBUG" ]; then
	check "control: with the shorthand on they are seen" storm_is_seen_with_shorthand
else
	ktap_test_skip "control: no $DEBUG/ipi_shorthand"
fi
if have 2 192; then
	check "a storm in an application kernel" quiet_during app_storm
	check "control: it counts its own" app_counts_its_own
else
	ktap_test_skip "a storm in an application kernel: needs 2 more CPUs"
	ktap_test_skip "control: it counts its own"
fi
remove_all
if [ "$HAVE_DEBUG" ]; then
	check "the shorthand is on again" shorthand on
else
	ktap_test_skip "the shorthand is on again: no $DEBUG/ipi_shorthand"
fi
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
