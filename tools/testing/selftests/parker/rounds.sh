#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Many lives of a partition in one boot, each with another end by chance: nothing is
# lost, nothing is left over.
#
# PARKER_ROUNDS  how many, more than 10 (default: 20)

. "$(dirname "$0")/lib.sh"

ROUNDS=${PARKER_ROUNDS:-20}
WARM=10

# ends STATE REASON ACTION: it ends by itself, and can be started again
ends()
{
	load kst-a "panic=0 parker.app=$3" && start kst-a && wait_state kst-a stopped crashed &&
		is_state kst-a "$1" && like "$(cat kst-a/reason)" "$2" && start kst-a
}

an_end()
{
	case $(below 6) in
	0) ends crashed "panic: sysrq *" crash ;;
	1) ends crashed "panic: Attempted to kill init*" exit ;;
	2) ends stopped "powered off" poweroff ;;
	3) load kst-a && start kst-a && wait_state kst-a running ;;
	4) up kst-a && pk write kst-a/state stop && wait_state kst-a stopped ;;
	*) load kst-a && start kst-a ;;
	esac
}

round()
{
	pk mkdir kst-a && pk write kst-a/cpus "$CPUS" && pk write kst-a/memory 256M &&
		an_end && pk write kst-a/state kill && is_state kst-a stopped && pk rmdir kst-a
}

rounds()
{
	for nr in $(seq "$1" "$2"); do
		round || {
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
need 3 256
plan 9
CPUS=$(pick 2)
COLUMNS=$(cpu_columns)
rounds 1 $WARM || die "the first rounds fail"
WARM_KB=$(settled 999999999)
IOMEM=$(cat /proc/iomem)
leaks_forget
works "$(first_cpu)"

check "$ROUNDS rounds of make, claim, load, start, kill, remove" rounds $((WARM + 1)) "$ROUNDS"
check "the boot kernel's own work was not disturbed" worked_on
END_KB=$(settled $((WARM_KB - 2048)))
note "MemAvailable: $WARM_KB kB after round $WARM, $END_KB kB after round $ROUNDS"
check "no memory is lost" between "$END_KB" $((WARM_KB - 2048)) $((WARM_KB + 1048576))
check "/proc/iomem is as before" same "$(cat /proc/iomem)" "$IOMEM"
check "/proc/interrupts has the same CPUs" same "$(cpu_columns)" "$COLUMNS"
check "no partition is left" eval '! ls -d kst-* 2>/dev/null'
check "all CPUs are back" cpus_back
check_or_skip "the boot kernel has no kmemleak" "no object is lost" no_leaks
check "no warning" log_clean
finish
