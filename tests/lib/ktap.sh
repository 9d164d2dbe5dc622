# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# KTAP from shell scripts, on the host and in guests (busybox sh).
#
#   ktap_begin PLAN      the number of results; '' when only the end will tell
#   ok TEXT, not_ok TEXT, skip NAME WHY
#   ktap_end             the status: something passed and nothing failed

ktap_plan=
ktap_nr=0
ktap_failed=0
ktap_skipped=0

ktap_begin() {
	ktap_plan=$1
	echo 'KTAP version 1'
	[ -z "$ktap_plan" ] || echo "1..$ktap_plan"
}

ok() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr - $*"
}

not_ok() {
	ktap_nr=$((ktap_nr + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_nr - $*"
}

skip() {
	ktap_nr=$((ktap_nr + 1))
	ktap_skipped=$((ktap_skipped + 1))
	echo "ok $ktap_nr - $1 # SKIP $2"
}

ktap_end() {
	[ -n "$ktap_plan" ] || echo "1..$ktap_nr"
	[ "$ktap_failed" -eq 0 ] && [ "$ktap_nr" -gt "$ktap_skipped" ]
}
