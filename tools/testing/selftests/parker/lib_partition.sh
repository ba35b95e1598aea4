# SPDX-License-Identifier: GPL-2.0
# Partitions: making them, what they say, removing them. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

# make NAME CPUS SIZE
make()
{
	pk write create "$1 cpus=$2 memory=$3" && return
	cat last_error
	return 1
}

id_of()
{
	cat "$1/id"
}

# load NAME [COMMAND_LINE] [ERRNO]
load()
{
	pk load "$(id_of "$1")" "$KERNEL" "$INITRD" "${2:-}" ${3:+"$3"}
}

start()
{
	pk write "$1/state" start
}

state()
{
	cat "$1/state"
}

is_state()
{
	[ "$(state "$1")" = "$2" ]
}

# wait_state NAME STATE...: one of them, within the limit
wait_state()
{
	local dir="$1" seen

	shift
	seen=$(pk poll "$dir/state" "$LIMIT" "$@") && return
	note "$dir: $seen, not $*" | tr '\n' ' '
	echo
	return 1
}

# wait_text NAME TEXT...
wait_text()
{
	local dir="$1"

	shift
	pk poll -c "$dir/console" "$LIMIT" "$@" && return
	note "$dir: the console does not say: $*"
	return 1
}

# wait_reason NAME TEXT
wait_reason()
{
	pk poll "$1/reason" "$LIMIT" "$2" >"$TMP/reasons" && return
	note "$1: the reasons were: $(tr '\n' '|' <"$TMP/reasons")"
	return 1
}

# up NAME [ACTION] [PARAMETERS]: load and start, until its init has said so
up()
{
	load "$1" "${3:-} parker.app=${2:-idle}" && start "$1" &&
		wait_state "$1" running crashed stopped &&
		wait_text "$1" "app: ready" && return
	explain "$1"
	return 1
}

# says NAME KEY: what its init printed
says()
{
	tr -d '\r' <"$1/console" | sed -n "s/^app: $2 *//p" | tail -n 1
}

# ram_is NAME BYTES: the RAM of its kernel, which also has some low memory
ram_is()
{
	local range sum=0

	for range in $(tr -d '\r' <"$1/console" | sed -n 's/^app: ram //p'); do
		sum=$((sum + 0x${range#*-} - 0x${range%-*} + 1))
	done
	between $sum $(($2 - (2 << 20))) $(($2 + (1 << 20)))
}

# field FILE KEY
field()
{
	awk -v key="$2" '$1 == key { print $2 }' "$1"
}

memory_bytes()
{
	awk '{ sum += $2 } END { printf "%.0f\n", sum }' "$1/memory"
}

# remove NAME: back to nothing, whatever it does
remove()
{
	# One that stopped may just be started again.
	case $(state "$1") in
	booting|running|stopping|stopped|crashed) pk write "$1/state" kill || return ;;
	esac
	pk rmdir "$1"
}

remove_all()
{
	local dir

	for dir in "$ROOT"/kst-*; do
		[ ! -d "$dir" ] || remove "$dir"
	done
}

# explain [NAME]: what a person wants to know after a failure
explain()
{
	local dir

	note "last_error: $(cat last_error 2>/dev/null)"
	for dir in ${1:-kst-*}; do
		[ -d "$dir" ] || continue
		note "$dir: $(state "$dir"): $(cat "$dir/reason"): $(cat "$dir/last_error")"
		tail -n 40 "$dir/console" | sed 's/^/# | /'
	done
}
