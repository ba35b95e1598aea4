#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Many lives of a partition in one boot: nothing is lost, nothing is left over.
#
# PARKER_ROUNDS  how many, more than 10 (default: 20)

. "$(dirname "$0")/lib.sh"

ROUNDS=${PARKER_ROUNDS:-20}
WARM=10

# Every fifth one gets to run, the others are killed while they boot.
round()
{
	pk mkdir kst-a && pk write kst-a/cpus "$CPUS" && pk write kst-a/memory 256M &&
		load kst-a && start kst-a || return
	if [ $(($1 % 5)) = 0 ]; then
		wait_state kst-a running || return
	fi
	pk write kst-a/state kill && is_state kst-a stopped && pk rmdir kst-a
}

rounds()
{
	for nr in $(seq "$1" "$2"); do
		round "$nr" || {
			note "round $nr"
			return 1
		}
	done
}

cpu_columns()
{
	head -n 1 /proc/interrupts
}

setup
need 2 256
plan 7
CPUS=$(pick 2)
COLUMNS=$(cpu_columns)
rounds 1 $WARM || die "the first rounds fail"
WARM_KB=$(settled 999999999)
IOMEM=$(cat /proc/iomem)

check "$ROUNDS rounds of make, claim, load, start, kill, remove" rounds $((WARM + 1)) "$ROUNDS"
END_KB=$(settled $((WARM_KB - 2048)))
note "MemAvailable: $WARM_KB kB after round $WARM, $END_KB kB after round $ROUNDS"
check "no memory is lost" between "$END_KB" $((WARM_KB - 2048)) $((WARM_KB + 1048576))
check "/proc/iomem is as before" same "$(cat /proc/iomem)" "$IOMEM"
check "/proc/interrupts has the same CPUs" same "$(cpu_columns)" "$COLUMNS"
check "no partition is left" eval '! ls -d kst-* 2>/dev/null'
check "all CPUs are back" cpus_back
check "no warning" log_clean
finish
