#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The trace events: each state that a partition enters, where each step begins and ends,
# and what the application kernel says of its own times.

. "$(dirname "$0")/lib.sh"

# The events as words: +STEP where one begins, -STEP or !STEP where it ends, =STATE,
# @STAMP. A kernel without CONFIG_PARKER_PCI has no step for devices.
words()
{
	sed -n -e 's/.* parker_begin: name=kst-a step=/+/p' \
		-e 's/.* parker_step: name=kst-a step=\([a-z_]*\) .* result=0$/-\1/p' \
		-e 's/.* parker_step: name=kst-a step=\([a-z_]*\) .* result=-.*/!\1/p' \
		-e 's/.* parker_state: name=kst-a state=\([a-z]*\) .*/=\1/p' \
		-e 's/.* parker_stamp: name=kst-a stamp=\([a-z]*\) .*/@\1/p' $TRACE/trace |
		grep -v 'devices$'
}

# say TEXT...: the words are these
say()
{
	words >"$TMP/words"
	echo "$*" | tr ' ' '\n' >"$TMP/wanted"
	cmp -s "$TMP/words" "$TMP/wanted" && return
	diff "$TMP/wanted" "$TMP/words" | sed 's/^/# /'
	return 1
}

forget()
{
	echo >$TRACE/trace
}

made()
{
	make kst-a "$(pick 1)" 256M &&
		say +make +cpus +claim_cpus +offline -offline +park -park -claim_cpus -cpus \
			+memory +take_memory -take_memory +clear_memory -clear_memory -memory -make
}

loaded()
{
	forget && load kst-a parker.app=idle && say +load =loaded -load
}

# What the first program prints is seen the next time that the boot kernel looks.
user_is_seen()
{
	for _ in $(seq 50); do
		! words | grep -q @user || return 0
		sleep 0.1
	done
	return 1
}

started()
{
	forget && start kst-a && wait_state kst-a running && wait_text kst-a "app: ready" &&
		user_is_seen || return
	same "$(words | grep -v @user | tr '\n' ' ')" \
		"+start +build -build +kick -kick =booting -start @entry @console @up =running " &&
		same "$(words | grep -c @user)" 1
}

# event NAME FIELD: the time of an event
event()
{
	sed -n "s/.* \([0-9]*\): $1: name=kst-a $2\( .*\)*$/\1/p" $TRACE/trace
}

# stamp NAME
stamp()
{
	sed -n "s/.* parker_stamp: name=kst-a stamp=$1 tsc=//p" $TRACE/trace
}

# Between the kick and when it is seen, one after the other.
stamps_are_in_order()
{
	local last=0 next

	for next in "$(event parker_begin step=kick)" "$(stamp entry)" "$(stamp console)" \
		"$(stamp up)" "$(event parker_state state=running)"; do
		between "$next" $((last + 1)) 9223372036854775807 || return
		last=$next
	done
	between "$(stamp user)" "$(stamp up)" "$(event parker_stamp stamp=user)"
}

killed()
{
	forget && pk write kst-a/state kill && say +kill +park -park =stopped -kill
}

stopped()
{
	forget && up kst-a && user_is_seen && forget && pk write kst-a/state stop &&
		wait_state kst-a stopped && say +stop =stopping -stop +park -park =stopped
}

removed()
{
	forget && remove kst-a &&
		say +kill -kill +remove +memory +release_memory -release_memory -memory +cpus \
			+release_cpus -release_cpus -cpus -remove
}

# The error of a step is that of what it is part of.
fails_one_step()
{
	make kst-a "$(pick 1)" 4M && load kst-a && forget &&
		pk write kst-a/state start ENOMEM && say +start +build !build !start &&
		grep -q "name=kst-a step=build usec=[0-9]* result=-12" $TRACE/trace &&
		pk write kst-a/memory 1000000G ENOMEM &&
		say +start +build !build !start +memory !memory
}

setup
[ -d $TRACING/instances ] || skip_all "no tracefs is mounted at $TRACING"
[ -d $TRACING/events/parker ] || skip_all "this kernel has no trace events"
need 1 256
plan 10
end_trace
trap 'end_trace; cleanup' EXIT
check "the events are turned on" begin_trace
check "it is made, step by step" made
check "a kernel is loaded" loaded
check "it starts, and says how far it is" started
check "the times that it says are in order" stamps_are_in_order
check "it is killed" killed
check "another one is asked to stop, and ends by itself" stopped
check "all is given back" removed
check "a step that fails, with its error" fails_one_step
remove_all
check "all CPUs are back" cpus_back
finish
