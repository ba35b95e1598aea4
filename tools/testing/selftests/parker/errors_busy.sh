#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What does not fit the state of a partition, or is no value of a file: errno
# and a sentence, nothing changes, and the kernel runs on.

. "$(dirname "$0")/lib.sh"

put() { pk write "kst-a/$1" "$2" "$3"; }
verb() { pk write kst-a/state "$1" "$2"; }
remove_it() { pk rmdir kst-a "$1"; }
load_it() { load kst-a "kst=2" "$1"; }
unload_it() { pk unload "$(id_of kst-a)" "$1"; }

# refused_in STATE VERB...: the sentence names the state
refused_in()
{
	state=$1
	shift
	for verb; do
		refuse EBUSY "*$state*" kst-a "$verb in $state" verb "$verb"
	done
}

# It comes up, but does not report that it did.
stays_booting()
{
	load kst-a "initcall_blacklist=parker_report_up parker.app=idle" &&
		pk write kst-a/boot_timeout 3600 && start kst-a &&
		wait_text kst-a "app: ready" && is_state kst-a booting
}

# not_while STATE: all that only an idle partition can be told
not_while()
{
	local state="$1"

	refuse EBUSY "*$state*" kst-a "other CPUs while $state" put cpus "$OTHER"
	refuse EBUSY "*$state*" kst-a "no CPUs while $state" put cpus ""
	refuse EBUSY "*$state*" kst-a "other memory while $state" put memory 128M
	refuse EBUSY "*$state*" kst-a "no memory while $state" put memory 0
	refuse EBUSY "*$state*" kst-a "no devices while $state" put devices ""
	refuse EBUSY "*$state*" kst-a "no isolation while $state" put isolation bare
	refuse EBUSY "*$state*" kst-a "no on_violation while $state" put on_violation log
	refuse EBUSY "*$state*" kst-a "another image while $state" load_it
	refuse EBUSY "*$state*" kst-a "no image while $state" unload_it
	refuse EBUSY "*$state*" . "rmdir while $state" remove_it
}

setup
need 2 256
plan 63
make kst-a "$(pick 1)" 256M || die "no partition"
OTHER=$(pick 1)

refused_in empty stop kill unload
for word in "" no STOP "start stop" startx; do
	refuse EINVAL "*" kst-a "the verb '$word'" verb "$word"
done
for row in watchdog:-1 watchdog:x watchdog: boot_timeout:99999999999 \
	stop_timeout:1.5 on_crash:maybe isolation:none on_violation:no; do
	refuse EINVAL "*" kst-a "${row%:*}: '${row#*:}'" put "${row%:*}" "${row#*:}"
done

load kst-a "kst=1" || die "no image"
refused_in loaded stop kill
pk write kst-a/state unload
up kst-a || die "not running"
refused_in running start unload
not_while running
check "it runs on" eval 'is_state kst-a running && pk poll -c kst-a/console 1 "app: ready"'

pk write kst-a/state kill
stays_booting || die "not booting"
refused_in booting start stop unload
not_while booting
check "it is booting still" is_state kst-a booting
check "and can be killed" eval 'pk write kst-a/state kill && is_state kst-a stopped'

up kst-a deaf || die "not running"
pk write kst-a/state stop
refused_in stopping start stop unload
not_while stopping
pk write kst-a/state kill
load kst-a "parker.app=crash" && start kst-a && wait_state kst-a crashed || die "not crashed"
refused_in crashed stop
refuse EBUSY "*crashed*" kst-a "other memory in crashed" put memory 128M
check "a crashed partition can be removed" pk rmdir kst-a
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
