#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: hands out what gcov counted of the module, as a tar archive in the
# memory that the host has as a file. The files of debugfs tell no size, so they
# are copied first, each to the folder that its source has in the module.

mkdir -p /tmp/gcov
find /sys/kernel/debug/gcov -path '*/kvm-eventfd/*' -name '*.gcda' | while read -r file; do
	copy=/tmp/gcov/${file##*/kvm-eventfd/}
	mkdir -p "${copy%/*}"
	cat "$file" >"$copy"
done
tar -cf /tmp/gcov.tar -C /tmp/gcov . && share /tmp/gcov.tar
