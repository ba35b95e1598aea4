# SPDX-License-Identifier: GPL-2.0
# What all scripts of mk/ share: places, the compiler, a few words. Sourced.
# shellcheck shell=bash disable=SC2034

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
out=${OUT:-$top/out}
base=$out/base
linux=$out/linux
log=$out/log
jobs=${JOBS:-$(nproc)}

# One build folder for each kind of build. They are children of the source tree
# because kbuild then names the sources "../file" and ccache hits in any clone.
build_name()
{
	local name=build

	case ${CC:-gcc} in
	clang*) name+=-clang ;;
	esac
	[ -z "${DEBUG:-}" ] || [ "$DEBUG" = 0 ] || name+=-debug
	[ -z "${COVERAGE:-}" ] || name+=-coverage
	echo "$name"
}

build=$linux/$(build_name)

# What names the results of this kind of build: "", "-debug", "-clang", ...
suffix=$(build_name)
suffix=${suffix#build}

say()
{
	printf '  %-7s %s\n' "$1" "$2" >&2
}

die()
{
	echo "error: $*" >&2
	exit 1
}

# minutes SINCE: how long ago the time SINCE was, in minutes
minutes()
{
	local tenths=$(((EPOCHSECONDS - $1 + 3) / 6))

	printf '%2d.%d' $((tenths / 10)) $((tenths % 10))
}

# run SHORT TEXT COMMAND...: one line of progress, the output only on failure
# or with V=1.
run()
{
	local logfile=$out/log/$1.log

	say "$1" "$2"
	if [ "${V:-0}" != 0 ]; then
		(set -x; "${@:3}")
		return
	fi
	mkdir -p "$log"
	if ! "${@:3}" >"$logfile" 2>&1 </dev/null; then
		tail -n 40 "$logfile" >&2
		die "failed: ${*:3} (all of it in $logfile)"
	fi
}

# Waits until no other script works on the same thing, which is held until the
# calling script ends.
lock()
{
	local fd

	mkdir -p "$out"
	exec {fd}>"$out/.lock-$1"
	if ! flock -n "$fd"; then
		say WAIT "for another build ($1)"
		flock "$fd"
	fi
}

# The compiler's cache is shared by clones: no absolute path and no time may get
# into what is compiled.
export CCACHE_NOHASHDIR=1
export CCACHE_BASEDIR=$out
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-time_macros}
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-10G}
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=parker
export KBUILD_BUILD_HOST=parker
export KBUILD_BUILD_VERSION=${KBUILD_BUILD_VERSION:-1}
export LOCALVERSION=

# kmake TREE BUILD ARGS...: kbuild with our compiler in the given build folder.
kmake()
{
	local tree=$1 dir=$2 args=()

	shift 2
	case ${CC:-gcc} in
	clang*)
		args=(LLVM="${LLVM:-1}" CC="ccache ${CC}" HOSTCC="ccache ${CC}")
		;;
	*)
		args=(CC="ccache ${CC:-gcc}" HOSTCC="ccache ${CC:-gcc}")
		;;
	esac
	mkdir -p "$dir"
	make -C "$tree" O="$(basename "$dir")" -j"$jobs" --no-print-directory \
		"${args[@]}" "$@"
}

# kmake_silent TREE BUILD SAID ARGS...: what kbuild says goes into SAID, and is a
# failure, but for the dots of openssl making a key.
kmake_silent()
{
	local said=$3 status=0

	kmake "$1" "$2" -s "${@:4}" >"$said.all" 2>&1 || status=$?
	grep -v '^[.+*-]*$' "$said.all" >"$said" || :
	rm -f "$said.all"
	[ "$status" = 0 ] && [ ! -s "$said" ]
}

# build_image TREE BUILD LOG: the kernel and its modules, if it has any. The compiler's words are the progress; all of
# it is wanted when it is new.
build_image()
{
	if [ "${V:-0}" != 0 ]; then
		kmake "$1" "$2" V=1 all
		return
	fi
	say BUILD "${2#"$out"/}"
	mkdir -p "$log"
	kmake "$1" "$2" all 2>&1 | tee "$3" | "$top/mk/progress" ||
		die "the kernel does not build (all of it in $3)"
}

# give_out FILE RESULT: what did not change keeps its time
give_out()
{
	cmp -s "$1" "$2" || cp "$1" "$2"
	say OUT "${2#"$top"/}"
}

# put_modules TREE BUILD FOLDER: the modules that were built, in lib/modules there
put_modules()
{
	rm -rf "$3"
	kmake "$1" "$2" -s modules_install INSTALL_MOD_PATH="$3" INSTALL_MOD_STRIP=1 >&2 ||
		die "modules cannot be put into $3"
	say OUT "${3#"$top"/}"
}

# with_files NAME PLACE=FILE...: out/initramfs-NAME.cpio, the test machine's user space
# with more files in it, of which a program stays one that can be run
with_files()
{
	local root=$out/with-$1 more mode

	mkdir -p "$root"
	for more in "${@:2}"; do
		mode=0644
		[ ! -x "${more#*=}" ] || mode=0755
		echo "dir $(dirname "${more%%=*}") 0755 0 0"
		echo "file ${more%%=*} ${more#*=} $mode 0 0"
	done | sort -u >"$root/list"
	"$build/usr/gen_init_cpio" "$root/list" >"$root/more.cpio"
	cat "$out/initramfs$suffix.cpio" "$root/more.cpio" >"$out/initramfs-$1.cpio"
}

# What the tests of a script came to.
passed=0 failed=0

# outcome STATUS NAME SAID: counts a test and says how it ended; of one that failed
# also the end of the file SAID.
outcome()
{
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok     $2"
	else
		failed=$((failed + 1))
		echo "FAILED $2 ($3)"
		tail -n 20 "$3"
	fi
}

# found NAME REGEX FILE: a test that passes if a line of the file is like that
found()
{
	local status=0

	grep -qE "$2" "$3" || status=1
	outcome $status "$1" "$3"
}

# sum_up: the last line of a script that tests, and its status.
sum_up()
{
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ]
}
