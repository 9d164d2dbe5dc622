#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a guest: the module's comings and goings. Refuses to be removed while
# anything of it is held, leaves nothing when it goes, and comes back.

# shellcheck source=tests/qemu/guest.sh
. /guest.sh

ko=/modules/kvm-eventfd.ko

traces() {
	grep -i 'kvm.eventfd\|^kev[_-]' /proc/modules /proc/slabinfo /proc/misc /proc/kallsyms
	ls -d /dev/kvm-eventfd /sys/kernel/debug/kvm-eventfd /sys/module/kvm_eventfd 2>/dev/null
}

check "node is there with mode 0660" test "$(stat -c %a /dev/kvm-eventfd)" = 660
for kind in node vm vcpu stats map; do
	check "holding a $kind works" start_holder "$kind"
	check "rmmod is refused while a $kind is held" refuse rmmod kvm_eventfd
	check "the node still answers meanwhile" test -c /dev/kvm-eventfd
	stop_holder
	check "rmmod succeeds after the $kind is gone" remove_module kvm_eventfd
	check "nothing is left of it" refuse test -n "$(traces | tee /tmp/left)"
	[ ! -s /tmp/left ] || sed 's/^/# /' /tmp/left
	check "insmod again" insmod "$ko"
done

for _ in 1 2 3 4 5; do
	remove_module kvm_eventfd || break
	insmod "$ko" || break
done
check "five more rounds of rmmod and insmod" test -c /dev/kvm-eventfd
ln -s /dev/kvm-eventfd /tmp/elsewhere
check "a link to the node serves" start_holder vm /tmp/elsewhere
stop_holder

ktap_end
