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

setup
need 2 256
plan 36
make kst-a "$(pick 1)" 256M || die "no partition"
OTHER=$(pick 1)

refused_in empty stop kill unload
for word in "" no STOP "start stop" startx; do
	refuse EINVAL "*" kst-a "the verb '$word'" verb "$word"
done
for row in watchdog:-1 watchdog:x watchdog: boot_timeout:99999999999 \
	stop_timeout:1.5 on_crash:maybe isolation:none; do
	refuse EINVAL "*" kst-a "${row%:*}: '${row#*:}'" put "${row%:*}" "${row#*:}"
done
refuse EOPNOTSUPP "*" kst-a "isolation: 'guarded'" put isolation guarded

load kst-a "kst=1" || die "no image"
refused_in loaded stop kill
pk write kst-a/state unload
up kst-a || die "not running"
refused_in running start unload
refuse EBUSY "*running*" kst-a "other CPUs while running" put cpus "$OTHER"
refuse EBUSY "*running*" kst-a "no CPUs while running" put cpus ""
refuse EBUSY "*running*" kst-a "other memory while running" put memory 128M
refuse EBUSY "*running*" kst-a "no memory while running" put memory 0
refuse EBUSY "*running*" kst-a "another image while running" load_it
refuse EBUSY "*running*" kst-a "no image while running" unload_it
refuse EBUSY "*running*" . "rmdir while running" remove_it
check "it runs on" eval 'is_state kst-a running && pk poll -c kst-a/console 1 "app: ready"'

pk write kst-a/state kill
up kst-a deaf || die "not running"
pk write kst-a/state stop
refused_in stopping start stop unload
refuse EBUSY "*stopping*" . "rmdir while stopping" remove_it
pk write kst-a/state kill
load kst-a "parker.app=crash" && start kst-a && wait_state kst-a crashed || die "not crashed"
refused_in crashed stop
refuse EBUSY "*crashed*" kst-a "other memory in crashed" put memory 128M
check "a crashed partition can be removed" pk rmdir kst-a
check "no warning, all CPUs are back" eval 'log_clean && cpus_back'
finish
