# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# What the guests' scripts share: cases that are commands, and a process that holds
# an object of a node. Runs under busybox sh.

# shellcheck source=tests/lib/ktap.sh
. /ktap.sh
ktap_begin ''
holder=
# A third of a second each; only who waits in vain waits for all of them.
tries=$(seq 100)

# check NAME COMMAND...: a case that passes when the command succeeds.
check() {
	name=$1
	shift
	if "$@" >/tmp/case.log 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/# /' /tmp/case.log
	fi
}

refuse() {
	! "$@"
}

# hold KIND [NODE]: starts a holder and returns once it holds.
start_holder() {
	rm -f /tmp/held
	hold "$@" >/tmp/held 2>&1 &
	holder=$!
	for _ in $tries; do
		grep -q held /tmp/held && return 0
		sleep 0.3
	done
	cat /tmp/held
	return 1
}

# shellcheck disable=SC2034 # the caller's
stop_holder() {
	kill "$holder" 2>/dev/null
	wait "$holder" 2>/dev/null
	holder=
}

# A last close is finished by a work item now and then, so rmmod may be early.
remove_module() {
	for _ in $tries; do
		rmmod "$1" 2>/tmp/rmmod.log && return 0
		sleep 0.3
	done
	cat /tmp/rmmod.log
	return 1
}
