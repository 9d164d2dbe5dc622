#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a guest that has the real kvm.ko too: KVM's own selftests, first on
# kvm.ko, to see that they pass where they must, then with /dev/kvm a link to
# the module's node. They know no other path.

# shellcheck source=tests/qemu/guest.sh
. /guest.sh

run_all() {
	for program in /selftests/*; do
		check "${program##*/} on $1" "$program"
	done
}

run_all kvm.ko
mv /dev/kvm /dev/kvm.real
ln -s kvm-eventfd /dev/kvm
run_all kvm-eventfd.ko
ktap_end
