# SPDX-License-Identifier: GPL-2.0
# The machine's own images, for a reboot and for a crash, which are no partition's.
# Sourced by lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154,SC3043

own_is()
{
	same "$(cat /sys/kernel/kexec_loaded)" "$1"
}

crash_is()
{
	same "$(cat /sys/kernel/kexec_crash_loaded)" "$1"
}

kexec_s()
{
	"$KEXEC" -s "$@" >"$TMP/out" 2>&1 && return
	sed 's/^/# /' "$TMP/out"
	return 1
}

own_load()
{
	kexec_s -l "$KERNEL" --initrd="$INITRD" --command-line=own && own_is 1
}

own_unload()
{
	kexec_s -u && own_is 0
}

crash_load()
{
	kexec_s -p "$KERNEL" --initrd="$INITRD" --command-line=crash && crash_is 1
}

crash_unload()
{
	kexec_s -p -u && crash_is 0
}
