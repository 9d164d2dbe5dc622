#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a guest that has the real kvm.ko loaded too: both nodes work at once,
# and no function of the two modules has the same name, so that a tracer who
# names one means one.

# shellcheck source=tests/qemu/guest.sh
. /guest.sh

# Functions of the modules named, without what the compiler or the module
# loader made up for every object.
functions_of() {
	awk -v modules="$*" 'BEGIN { n = split(modules, list); for (i = 1; i <= n; i++) want["[" list[i] "]"] = 1 }
		want[$4] && $2 ~ /^[tTwW]$/ {
			sub(/\.(constprop|isra|part|cold|llvm).*/, "", $3)
			if ($3 !~ /^(__pfx_|__cfi_|init_module$|cleanup_module$|_sub_[ID]_)/)
				print $3
		}' /proc/kallsyms | sort -u
}

check "the real node is there" test -c /dev/kvm
check "ours is there" test -c /dev/kvm-eventfd
check "a VM of the real one" start_holder vm /dev/kvm
real=$holder
check "a VM of ours at the same time" start_holder vm /dev/kvm-eventfd
stop_holder
kill "$real"
wait "$real" 2>/dev/null

functions_of kvm_eventfd >/tmp/ours
functions_of kvm kvm_amd irqbypass >/tmp/theirs
check "our functions are known" test -s /tmp/ours
check "kvm.ko's functions are known" test -s /tmp/theirs
sort /tmp/ours /tmp/theirs | uniq -d >/tmp/twice
check "no function name exists twice" refuse test -s /tmp/twice
sed 's/^/# twice: /' /tmp/twice

for prog in /abi/create_vm_test /abi/create_vcpu_test; do
	for node in /dev/kvm /dev/kvm-eventfd; do
		[ ! -x "$prog" ] || check "${prog##*/} on $node" env KEV_NODE=$node "$prog"
	done
done
check "rmmod of ours leaves the real one" remove_module kvm_eventfd
check "the real one still works" start_holder vm /dev/kvm
stop_holder

ktap_end
