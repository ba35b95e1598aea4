#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A request is one write at offset 0. What comes after it from the same open file is
# refused and changes nothing, whoever splits a line: a shell, dd or tee.

. "$(dirname "$0")/lib.sh"

# shown FILE: what it shows in one line, memory without addresses and nodes
shown()
{
	if [ "${1##*/}" = memory ]; then
		memory_bytes "${1%/*}"
	else
		cut -d ' ' -f 1 "$1" | tr '\n' ' ' | sed 's/ $//'
	fi
}

# How a line reaches a file in parts: the writer fails, as the second part does.
by_printf()
{
	{ printf '%s' "$2"; printf '\n'; } 2>/dev/null >"$1"
}

by_printf_appending()
{
	{ printf '%s\n' "$2"; printf '%s\n' "$3"; } 2>/dev/null >>"$1"
}

# The second part comes when the first one has taken effect, or was refused.
by_tee()
{
	{
		printf '%s' "$2"
		for _ in $(seq 100); do
			[ "$(shown "$1")" != "$WANTED" ] || break
		done
		printf '\n'
	} | tee "$1" >/dev/null 2>&1
}

by_offset()
{
	printf '%s\n' "$2" >"$1" && printf '%s\n' "$3" |
		dd of="$1" bs=512 seek=1 conv=notrunc 2>/dev/null
}

by_bash_printf()
{
	"$BASH" -c 'printf "%s\n%s\n" "$2" "$3" >"$1"' - "$@" 2>/dev/null
}

by_bash_echo()
{
	"$BASH" -c 'echo -e "$2\n$3" >"$1"' - "$@" 2>/dev/null
}

# message FILE: what last_error says of a second part
message()
{
	echo "$1: a request is one write at offset 0, this one is at [0-9]*; it is set to '*'"
}

# stands WAY FILE VALUE OTHER SHOWN: the value is set in this way, the rest is refused,
# and the writer's exit status says so
stands()
{
	local way="$1" file="kst-a/$2"

	shift 2
	WANTED=$3
	fails "by_$way" "$file" "$1" "$2" && same "$(shown "$file")" "$3" &&
		like "$(cat kst-a/last_error)" "$(message "${file#*/}")"
}

# splits FILE VALUE OTHER SHOWN: in all ways
splits()
{
	local way

	for way in printf printf_appending tee offset ${BASH:+bash_printf bash_echo}; do
		check "$1 is written by $way: the first part stands" stands $way "$@"
	done
	[ "$BASH" ] || ktap_test_skip "$1 is written by bash: there is none"
	[ "$BASH" ] || ktap_test_skip "$1 is written by bash's echo: there is none"
}

# bytewise FILE TEXT SHOWN: each byte is a write; the first one is the request
bytewise()
{
	printf '%s\n' "$2" | fails dd of="kst-a/$1" bs=1 conv=notrunc 2>/dev/null &&
		same "$(shown "kst-a/$1")" "$3"
}

# refused_rest FILE TEXT SHOWN: the first part is refused, its newline is no request
refused_rest()
{
	fails by_printf "kst-a/$1" "$2" && same "$(shown "kst-a/$1")" "$3" &&
		like "$(cat kst-a/last_error)" "*'$2'*"
}

# A line that comes whole is taken as ever: FILE TEXT SHOWN
whole_append()
{
	echo "$2" >>"kst-a/$1" && same "$(shown "kst-a/$1")" "$3"
}

whole_tee()
{
	echo "$2" | tee "kst-a/$1" >/dev/null && same "$(shown "kst-a/$1")" "$3"
}

# A verb is carried out once.
state_starts()
{
	load kst-a "parker.app=idle" || return
	fails by_printf kst-a/state start && wait_state kst-a running &&
		like "$(cat kst-a/last_error)" "$(message state)" &&
		same "$(field kst-a/stat starts)" 1 && pk write kst-a/state kill &&
		pk write kst-a/state unload
}

# There is none where no IOMMU is.
devices_split()
{
	if [ "$DEVICE" ]; then
		splits devices "$DEVICE" "" "$DEVICE"
		return
	fi
	check "devices is written twice: the second part is refused" nothing_twice
	for way in 2 3 4 5 6; do
		ktap_test_skip "devices is written in parts, way $way: none can be given"
	done
}

nothing_twice()
{
	fails by_printf_appending kst-a/devices "" "" && same "$(cat kst-a/devices)" "" &&
		like "$(cat kst-a/last_error)" "$(message devices)"
}

# The first byte of a list is a CPU only where that is a whole core.
cpus_bytewise()
{
	if [ ${#OTHER} = 1 ]; then
		check "cpus" bytewise cpus "$OTHER,$ONE" "$OTHER"
	else
		ktap_test_skip "cpus: a CPU is no core, or has two digits"
	fi
}

create_makes()
{
	fails by_printf create "kst-b cpus=$OTHER memory=32M" &&
		same "$(cat kst-b/cpus)" "$OTHER" &&
		like "$(cat last_error)" \
			"create: a request is one write at offset 0, *; it has no second part" &&
		pk rmdir kst-b
}

check_checks()
{
	fails by_printf check "kst-b cpus=$OTHER memory=32M" && [ ! -d kst-b ] &&
		like "$(cat last_error)" \
			"check: a request is one write at offset 0, *; it has no second part"
}

setup
need 2 300
BASH=$(command -v bash)
ONE=$(pick 1)
pk mkdir kst-a || die "no partition"
pk write kst-a/cpus "$ONE" || die "no CPU"
OTHER=$(pick 1)
DEVICE=$(can_give | nth 1)
plan 74

splits cpus "$ONE" "$OTHER" "$ONE"
splits memory 192M 64M $((192 << 20))
devices_split
splits watchdog 30 40 30
splits boot_timeout 30 40 30
splits stop_timeout 30 40 30
splits on_crash restart stay restart
splits isolation bare guarded bare
splits on_violation log stop log
note "byte by byte: the first one is the request"
cpus_bytewise
check "memory" bytewise memory 64M $((2 << 20))
check "devices" bytewise devices 0000:00:00.0 "$DEVICE"
check "watchdog" bytewise watchdog 71 7
check "boot_timeout" bytewise boot_timeout 71 7
check "stop_timeout" bytewise stop_timeout 71 7
check "on_crash" bytewise on_crash stay restart
check "isolation" bytewise isolation guarded bare
check "on_violation" bytewise on_violation stop log
check "state" bytewise state unload empty
for row in "cpus $ONE" "memory 192M" "boot_timeout 60" "watchdog 10" "on_crash stay"; do
	pk write "kst-a/${row% *}" "${row#* }" || die "${row% *} is not as before"
done
check "cpus: the rest of a refused line gives nothing back" refused_rest cpus "$ONE,x" "$ONE"
check "memory: the same" refused_rest memory 64Y $((192 << 20))
for writer in append tee; do
	check "a whole line is taken: $writer" whole_$writer watchdog 9 9
	check "also an empty one" whole_$writer devices "" ""
done
check "state is written in parts: the kernel is started once" state_starts
check "create is: the partition is made" create_makes
check "check is: nothing is made" check_checks
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
