# SPDX-License-Identifier: GPL-2.0
# Targets for people. What kbuild reads is in Kbuild.

SHELL		:= /bin/bash
MODULE		:= kvm-eventfd.ko
PREFIX		?= /usr
DESTDIR		?=

# Headers to build against: the newest installed, else Debian's in the cache.
INSTALLED_KDIR	= $(lastword $(shell ls -d /lib/modules/*/build/Makefile 2>/dev/null | \
		    sort -V | sed 's|/Makefile$$||'))
KDIR		?= $(INSTALLED_KDIR)

# What a caller gives to make reaches kbuild: W, C, CF, CC, LLVM and the
# KVM_EVENTFD_* switches are in MAKEOVERRIDES and need no word here.
KBUILD		= $(MAKE) -C "$(KDIR)" M="$(CURDIR)"

# Suites are offered once their folder has something to run.
SUITES		:= $(strip $(foreach s,bench diff stress busted fault hostile,$(if $(wildcard tests/$(s)/run),$(s))))

all: modules

## Build

modules:		# Build kvm-eventfd.ko (KDIR=, W=1, C=2, CC=, KVM_EVENTFD_IRQFD=n ...)
	@tools/need build
ifneq ($(KDIR),)
	@CC="$(if $(filter default,$(origin CC)),,$(CC))" tools/check-kdir "$(KDIR)"
	$(KBUILD) modules
else
	@tools/need headers
	@kdir=$$(tools/fetch headers 6.12) && \
		echo "no kernel headers installed, using $$kdir" && \
		$(MAKE) -C "$$kdir" M="$(CURDIR)" modules
endif

vmm:			# Build the demo VMM, samples/vmm/kev-vmm
	@tools/need build demo
	@$(MAKE) -C samples/vmm

install: modules	# Install the module for the running kernel's headers, as root
	$(KBUILD) INSTALL_MOD_PATH="$(DESTDIR)" modules_install

install-headers:	# Install the header for user programs below $(DESTDIR)$(PREFIX)
	install -D -m 644 include/uapi/linux/kvm_eventfd.h \
		"$(DESTDIR)$(PREFIX)/include/linux/kvm_eventfd.h"

install-dkms:		# Put the sources where dkms builds them, as root
	tools/install-dkms "$(DESTDIR)"

## Run

demo:			# Boot Debian 6.12 in QEMU: vhost-net kicked and heard through the module
	@tools/need build headers guest demo
	@tools/build-module 6.12 build/module-6.12
	@$(MAKE) -s -C samples/vmm
	@tests/qemu/demo build/module-6.12/$(MODULE)

## Test

check:			# Everything below, and the styles: the gate before a commit
	@tests/check

kunit:			# KUnit suites in QEMU (FILTER=glob), on a small kernel kept in the cache
	@tools/need build headers guest check
	@tests/kunit/run $(FILTER)

abi:			# User-space tests of every ioctl on Debian's kernels
	@tests/check $$(tools/series able run | sed 's/^/abi-/')

model:			# Check the model of an irqfd's life with spin, and that it needs each guard
	@tools/need build check
	@tests/model/run

check-series:		# The module built for every kernel of tools/series, and what each said
	@tools/need build headers check
	@tools/check-series $(ARGS)

check-configs:		# Every combination of switches: builds, and tests of the key ones (ARGS=)
	@tools/need build headers guest demo check
	@tests/configs/run $(ARGS)

check-rt:		# KUnit, ABI and stress on PREEMPT_RT: with lockdep and KASAN, and Debian's (ARGS=)
	@tools/need build headers guest demo check
	@tests/rt/run $(ARGS)

check-kcsan:		# KUnit, the ABI programs and stress on a kernel with KCSAN (ARGS=)
	@tools/need build headers guest demo check
	@tests/kcsan/run $(ARGS)

fuzz:			# Grow programs of calls by what they reach in the module (TIME=60, REPRO=file, ARGS=)
	@tools/need build headers guest demo check
	@tests/fuzz/run $(if $(REPRO),-r "$(REPRO)",-t $(or $(TIME),60)) $(ARGS)

check-arch:		# KUnit on other architectures, and ABI programs on three (ARGS='-u s390x')
	@tools/need build headers guest demo check arch
	@tests/arch/run $(ARGS)

coverage:		# What the tests reach of the module: lines and branches, by gcov
	@tools/need build headers guest demo check
	@tests/coverage/run $(ARGS)

layers:			# Check that no layer of the module knows a higher one
	@tools/need build headers
	@tools/build-module 6.12 build/module-6.12
	@tests/style/layers build/module-6.12

style:			# checkpatch, kernel-doc, shellcheck, SPDX, each header alone
	@tests/check style

check-list:		# Name the steps of check; tests/check NAME... runs some of them
	@tests/check -l

need-bench	:= bench
need-stress	:= check
need-fault	:= check
need-hostile	:= check
need-busted	:= check
args-stress	:= $(if $(TIME),-k loadable -l -t $(TIME))

define suite_rule
$(1):
	@tools/need build headers guest demo $$(need-$(1))
	@tools/build-module 6.12 build/module-6.12
	@KEV_MODULE=$(CURDIR)/build/module-6.12/$(MODULE) tests/$(1)/run $$(args-$(1)) $$(ARGS)
endef
$(foreach s,$(SUITES),$(eval $(call suite_rule,$(s))))

## Other

docs:			# Check that the kernel-doc comments are complete and well-formed
	@tests/check kernel-doc

clean:			# Remove what was built here
	@rm -rf build .tmp_versions
	@find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.symvers' \
		-o -name 'modules.order' -o -name '*.d' \) -type f -exec rm -f {} +
	@rm -f samples/vmm/kev-vmm

distclean: clean	# Also remove the cache: downloaded kernels and the test kernel
	@rm -rf "$${KVM_EVENTFD_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/kvm-eventfd}"

help:			# Show this
	@echo "kvm-eventfd: KVM's eventfd plane without the hypervisor"
	@sed -n -e 's/^## \(.*\)/\n\1:/p' \
		-e 's/^\([a-z-]*\):[^=#]*# \(.*\)/\1\t\2/p' Makefile | \
		awk -F '\t' 'NF == 2 { printf "  %-16s %s\n", $$1, $$2; next } { print }'
	@$(if $(SUITES),printf '\nSuites of their own (ARGS=...):\n'; \
		for s in $(SUITES); do \
			printf '  %-16s %s\n' $$s "$$(sed -n '/SPDX/!{/^# /{s/^# //p;q}}' tests/$$s/run)"; \
		done)

.PHONY: all modules layers vmm install install-headers install-dkms demo check kunit abi model \
	style check-series check-configs check-rt check-kcsan check-arch fuzz coverage check-list docs clean distclean help $(SUITES)
