/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests add to kselftest_harness.h: errno checks and skips. */
#ifndef KEV_HARNESS_H
#define KEV_HARNESS_H

#include <kselftest_harness.h>

#include "kev_util.h"

/*
 * Seconds for a case. The harness's 30 are soon over in an emulated guest with
 * KASAN and lockdep on a busy host; a hang still ends, there and by boot's -t.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* errno of a call that failed, 0 of one that did not. */
#define KEV_ERRNO(call)							\
	({								\
		errno = 0;						\
		(call) < 0 ? errno : 0;					\
	})

/* @call must fail with @want, or succeed when @want is 0. */
#define EXPECT_ERRNO(want, call)					\
	do {								\
		int kev_want = (want), kev_seen = KEV_ERRNO(call);		\
									\
		EXPECT_EQ(kev_want, kev_seen)				\
			TH_LOG("%s: want \"%s\", seen \"%s\"", #call,	\
			       strerror(kev_want), strerror(kev_seen));	\
	} while (0)

#define ASSERT_ERRNO(want, call)					\
	do {								\
		int kev_want = (want), kev_seen = KEV_ERRNO(call);		\
									\
		ASSERT_EQ(kev_want, kev_seen)				\
			TH_LOG("%s: want \"%s\", seen \"%s\"", #call,	\
			       strerror(kev_want), strerror(kev_seen));	\
	} while (0)

/* For what only the module's vCPU fd can do, or only the module promises. */
#define KEV_REQUIRE_VCPU_IO()						\
	do {								\
		if (!kev_has_vcpu_io())					\
			SKIP(return, "%s has no guest side in its vCPU fd", \
			     kev_node());				\
	} while (0)

#define KEV_REQUIRE_MODULE(why)						\
	do {								\
		if (!kev_has_vcpu_io())					\
			SKIP(return, "%s: %s", kev_node(), why);	\
	} while (0)

/* For what older kvm.ko do not do. */
#define KEV_SINCE(major, minor, why)					\
	do {								\
		if (!kev_is_like(major, minor))				\
			SKIP(return, "%s: only since %u.%u %s",		\
			     kev_node(), major, minor, why);		\
	} while (0)

#define KEV_REQUIRE_CHIP(chip)						\
	do {								\
		if (!kev_has_chip(chip))				\
			SKIP(return, "%s has no such interrupt controller", \
			     kev_node());				\
	} while (0)

#define KEV_REQUIRE_PC()						\
	do {								\
		if (!kev_is_pc())					\
			SKIP(return, "%s: a VM of type 0 is no PC",	\
			     kev_node());				\
	} while (0)

#define KEV_REQUIRE_CAP(cap)						\
	do {								\
		if (kev_check_extension(cap) <= 0)			\
			SKIP(return, "%s does not offer %s", kev_node(), #cap); \
	} while (0)

#endif /* KEV_HARNESS_H */
