#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two application kernels of one tree with different configurations at the same time:
# tick, preemption, mitigations. Both have KASLR, and stay inside their memory.
#
# PARKER_TUNED_KERNEL  another one than PARKER_KERNEL: 1000 Hz, PREEMPT_RT, no mitigations

. "$(dirname "$0")/lib.sh"

# starts_as NAME KERNEL
starts_as()
{
	local general="$KERNEL" status=0

	KERNEL=$2
	{ up "$1" tell && wait_text "$1" "app: told"; } || status=1
	KERNEL=$general
	return $status
}

# Loops in a jiffy, which is what the TSC counts in it: fewer where the tick is faster.
loops()
{
	tr -d '\r' <"$1/console" | sed -n 's/.*(lpj=\([0-9]*\)).*/\1/p' | head -n 1
}

tick_is_faster()
{
	note "loops in a jiffy: $(loops kst-general) and $(loops kst-tuned)"
	[ "$(loops kst-general)" -ge $(($(loops kst-tuned) * 2)) ]
}

preemption_differs()
{
	like "$(says kst-tuned version)" "*PREEMPT_RT*" &&
		fails like "$(says kst-general version)" "*PREEMPT_RT*" >/dev/null
}

mitigations_differ()
{
	like "$(says kst-general spectre_v1)" "Mitigation*" &&
		like "$(says kst-tuned spectre_v1)" "Vulnerable*"
}

# code_is_inside NAME: in one region of the partition's memory
code_is_inside()
{
	local code start end range rest

	code=$(says "$1" code)
	start=$((0x${code%-*})) end=$((0x${code#*-}))
	while read -r range rest; do
		[ "$start" -ge $((${range%-*})) ] && [ "$end" -le $((${range#*-})) ] && return
	done <"$1/memory"
	note "$1: $code is outside"
	return 1
}

# What KASLR chose, in several lives.
is_random()
{
	says "$1" text >"$TMP/texts"
	for _ in 1 2 3; do
		pk write "$1/state" kill && starts_as "$1" "$2" && code_is_inside "$1" || return
		says "$1" text >>"$TMP/texts"
	done
	note "$1 was linked at $(sort -u "$TMP/texts" | tr '\n' ' ')"
	[ "$(sort -u "$TMP/texts" | grep -c '[1-9a-f]')" -gt 1 ]
}

# 4 if the machine has 4 levels only
paging_differs()
{
	local general="$KERNEL" status=0

	grep -qw la57 /proc/cpuinfo || return 4
	pk write kst-tuned/state kill || return
	KERNEL=$TUNED
	{ up kst-tuned tell no5lvl && wait_text kst-tuned "app: told"; } || status=1
	KERNEL=$general
	[ $status = 0 ] && same "$(says kst-tuned levels)" 4 && same "$(says kst-general levels)" 5
}

both_run()
{
	is_state kst-general running && is_state kst-tuned running
}

setup
need 2 500
TUNED=${PARKER_TUNED_KERNEL:-/boot/tuned}
[ -r "$TUNED" ] || skip_all "no second kernel: set PARKER_TUNED_KERNEL"
plan 12
make kst-general "$(pick 1)" 256M && make kst-tuned "$(pick 1)" 256M || die "no partitions"
check "the general kernel runs" starts_as kst-general "$KERNEL"
check "the tuned one runs beside it" starts_as kst-tuned "$TUNED"
check "both are of one release" same "$(says kst-general release)" "$(says kst-tuned release)"
check "the tuned one has a faster tick" tick_is_faster
check "only the tuned one is PREEMPT_RT" preemption_differs
check "only the general one has mitigations" mitigations_differ
check "their code is inside their memory" eval \
	'code_is_inside kst-general && code_is_inside kst-tuned'
check "the general one is linked elsewhere at each start" is_random kst-general "$KERNEL"
check "and so is the tuned one" is_random kst-tuned "$TUNED"
check_or_skip "5-level paging" "one has 4 levels of page tables, the other 5" paging_differs
check "both run" both_run
remove_all
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
