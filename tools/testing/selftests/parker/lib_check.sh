# SPDX-License-Identifier: GPL-2.0
# Checks: results, refused operations, the kernel's log. Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120,SC2154,SC3043

# check DESCRIPTION COMMAND...
check()
{
	local desc="$1"

	shift
	if "$@"; then
		ktap_test_pass "$desc"
	else
		note "failed: $*"
		explain
		ktap_test_fail "$desc"
	fi
}

# check_or_skip LACK DESCRIPTION COMMAND...: as check; a command that ends with 4 cannot
# do it for LACK. Fails if the command does.
check_or_skip()
{
	local lack="$1" desc="$2" status=0

	shift 2
	"$@" || status=$?
	case $status in
	0) ktap_test_pass "$desc" ;;
	4) ktap_test_skip "$desc: $lack" ;;
	*)
		note "failed: $*"
		explain
		ktap_test_fail "$desc"
		return 1
		;;
	esac
}

same()
{
	[ "$1" = "$2" ] && return
	note "'$1' is not '$2'"
	return 1
}

between()
{
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ] && return
	note "$1 is not between $2 and $3"
	return 1
}

fails()
{
	! "$@"
}

# elapsed COMMAND...: its seconds, in SECONDS_TAKEN
elapsed()
{
	local begin status=0

	begin=$(cut -d . -f 1 /proc/uptime)
	"$@" || status=$?
	SECONDS_TAKEN=$(($(cut -d . -f 1 /proc/uptime) - begin))
	note "$SECONDS_TAKEN s"
	return $status
}

# like TEXT GLOB
like()
{
	# shellcheck disable=SC2254
	case $1 in
	$2) return 0 ;;
	esac
	note "'$1' is not like '$2'"
	return 1
}

# A sentence is one line that says something.
is_sentence()
{
	[ "$(echo "$1" | wc -l)" = 1 ] && [ "$1" != ok ] && like "$1" "*[a-z]* *[a-z]*"
}

# All that a refused operation must leave as it was.
snapshot()
{
	cat /proc/iomem $CPUDIR/online $CPUDIR/offline $CPUDIR/present
	cat /sys/kernel/kexec_loaded /sys/kernel/kexec_crash_loaded
	grep -v '^memory' available
	find . -mindepth 2 -type f -perm -0400 ! -name console ! -name stat \
		! -name vmcore ! -name last_error | sort | xargs grep '' /dev/null
	ls -d ./*/
} 2>&1

# refuse ERRNO GLOB DIR DESCRIPTION COMMAND...: the command, given the errno as
# its last argument, fails with it; DIR/last_error gives a sentence like GLOB;
# nothing has changed.
refuse()
{
	local errno="$1" glob="$2" owner="$3" desc="$4"

	shift 4
	snapshot >"$TMP/before"
	if refused "$@" "$errno" && untouched; then
		ktap_test_pass "$desc: $errno"
	else
		ktap_test_fail "$desc: $errno"
	fi
}

refused()
{
	local sentence

	"$@" || return
	sentence=$(cat "$owner/last_error")
	note "$sentence"
	is_sentence "$sentence" && like "$sentence" "$glob"
}

untouched()
{
	snapshot >"$TMP/after"
	cmp -s "$TMP/before" "$TMP/after" && return
	diff "$TMP/before" "$TMP/after" | sed 's/^/# /'
	return 1
}

# All CPUs of the start of the test are online, and no more.
cpus_back()
{
	same "$(online)" "$ONLINE_BEFORE"
}

log_mark()
{
	MARK="parker selftest $0 $$ $(cut -d ' ' -f 1 /proc/uptime)"
	echo "$MARK" >/dev/kmsg
}

log_since()
{
	dmesg | awk -v mark="$MARK" 'seen; index($0, mark) { seen = 1 }
		END { if (!seen) print "BUG: the mark was overwritten" }'
}

# Leaves out what is no fault. One warning of CPU hotplug: 6.12 counts the scheduler's
# fair server, which may be queued on a CPU that goes offline, as a task that was left
# there. "sched/deadline: Don't count nr_running for dl_server proxy tasks" of 6.17
# ends that. And what is said of allocations that fail as faults.sh wants it.
without_known()
{
	awk '/cut here/ { inside = 1; block = ""; dying = 0 }
		/Dying CPU not properly vacated/ { dying = 1 }
		inside { block = block $0 "\n" }
		inside && /end trace/ { inside = 0; if (!dying) printf "%s", block; next }
		/ pk: (vmalloc error|page allocation failure)/ { wanted = 1 }
		wanted { if (/<\/TASK>/) wanted = 0; next }
		!inside { print }
		END { if (inside) printf "%s", block }'
}

# Nothing in the log since the begin of the test that a test looks for.
log_clean()
{
	local bad

	bad=$(log_since | without_known | grep -E \
		"WARNING|BUG|Oops|Call Trace|KASAN|UBSAN|INFO: |protection fault|stall")
	[ -z "$bad" ] && return
	echo "$bad" | sed 's/^/# /'
	return 1
}
