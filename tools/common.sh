# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of this tree share: where things are kept, how they speak,
# and how they become root. Sourced by tools/*, tests/qemu/* and tests/check;
# holds no state but the variables set here.

KEV_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
KEV_CACHE=${KVM_EVENTFD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kvm-eventfd}
KEV_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# depmod and friends live there, and a plain user's PATH lacks it.
PATH=$PATH:/usr/sbin:/sbin
export KEV_TOP KEV_CACHE KEV_KEYRING PATH
# Options and variables given to the make that called are not for the kernel's
# makes, nor for those of the programs.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit "${KEV_DIE_STATUS:-1}"
}

# What was found good is not looked at again: a note's name is the hash of all that the
# check reads, so that it is never wrong, only of no use any more. Not for what runs.
noted() {
	touch -c "$KEV_CACHE/good/$1" && [ -e "$KEV_CACHE/good/$1" ]
}

note() {
	mkdir -p "$KEV_CACHE/good"
	: >"$KEV_CACHE/good/$1"
}

forget_old_notes() {
	mkdir -p "$KEV_CACHE/good"
	find "$KEV_CACHE/good" -type f -mtime +30 -delete
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# Only Debian's own package names are known here.
on_debian() {
	have apt-get && have dpkg && grep -qx 'ID=debian' /etc/os-release 2>/dev/null
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		say "not root and no sudo: cannot run: $*"
		return 1
	fi
}

# Runs a command that mounts what nobody else shall see, as root or as itself.
private_mounts() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare -m "$@"
	else
		unshare -rm "$@"
	fi
}

# Refresh the package lists, at most once per run of the calling script tree.
apt_update_once() {
	[ -z "${KEV_APT_UPDATED:-}" ] || return 1
	export KEV_APT_UPDATED=1
	say "refreshing the package lists (apt-get update)"
	as_root apt-get update -q </dev/null >&2 || say "apt-get update reported errors; going on"
}

# The cases that failed in a test's log, and what they say of it. How many is
# for tests/lib/ktap to say.
failed_cases() {
	grep -aE '^([[a-z0-9. -]*[]:] )? *(not ok|Bail out!|ktap: )|# .*(:Expected |terminated by|EXPECTATION FAILED|ASSERTION FAILED)|: error: ' "$1" |
		tr -d '\r' | cut -c 1-200
}

# counts_line NAME PASSED FAILED SKIPPED: the last line of a test for people; its
# status.
counts_line() {
	echo "$1: $2 passed, $3 failed, $4 skipped"
	[ "$3" -eq 0 ] && [ "$2" -gt 0 ]
}

# count_cases NAME COMMAND...: runs the command, shows its KTAP and ends with the
# line of counts; the status is that of both.
count_cases() {
	local name=$1 log status=0 counts
	shift

	log=$(mktemp)
	"$@" | tee "$log" || status=$?
	read -ra counts < <("$KEV_TOP/tests/lib/ktap" "$log")
	rm -f "$log"
	[ "$status" -eq 0 ] || [ "${counts[1]}" -ne 0 ] || counts[1]=1
	counts_line "$name" "${counts[@]}"
}

# Files of the checkout, relative to the top, without what was built. git may be
# missing, or may refuse a checkout that belongs to somebody else.
tree_files() {
	(
		cd "$KEV_TOP" || exit
		{ [ -e .git ] && git ls-files -co --exclude-standard 2>/dev/null; } ||
			find . \( -path ./.git -o -path ./build \) -prune -o -type f \
				! -name '*.o' ! -name '*.ko' ! -name '*.d' ! -name '*.cmd' \
				! -name '*.mod' ! -name '*.mod.c' ! -name '*.symvers' \
				! -name '*.orig' ! -name '*.rej' ! -name '*~' -print |
			sed 's|^\./||'
	) | while read -r file; do
		[ ! -f "$KEV_TOP/$file" ] || echo "$file"
	done | sort -u
}

# What a build of the module reads, its KUnit suites too. Every list of the
# module's files comes from here, so that none depends on a folder's name.
module_sources() {
	tree_files | awk '/(^|\/)(Kbuild|Kconfig)$|\.[ch]$/ &&
		(!/^(Documentation|samples|tests)\// || /^tests\/kunit\//)'
}

# The module's own C files, without the KUnit suites.
module_code() {
	module_sources | grep '\.[ch]$' | grep -v '^tests/'
}

# C files that are compiled for user space.
program_code() {
	tree_files | grep '\.[ch]$' | grep -v '^Documentation/example/' | comm -23 - <(module_sources)
}

# Brings the folder $1 to the state of the sources: a file is written only when
# it differs, so that make rebuilds what changed wherever the checkout lies, and
# what is no longer a source is removed.
sync_sources() {
	local dest=$1 file

	mkdir -p "$dest"
	module_sources | while read -r file; do
		if ! cmp -s "$KEV_TOP/$file" "$dest/$file"; then
			mkdir -p "$dest/$(dirname "$file")"
			cp "$KEV_TOP/$file" "$dest/$file"
		fi
	done
	(cd "$dest" && find . -type f \( -name '*.[ch]' -o -name Kbuild -o -name Kconfig \) \
		! -name '*.mod.c') | sed 's|^\./||' | sort | comm -23 - <(module_sources) | while read -r file; do
		rm -f "$dest/$file"
	done
}
