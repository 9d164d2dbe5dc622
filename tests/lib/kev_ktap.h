/* SPDX-License-Identifier: GPL-2.0 */
/* Results as KTAP, for programs that do not use kselftest_harness.h. */
#ifndef KEV_KTAP_H
#define KEV_KTAP_H

/**
 * struct kev_result - What came of a case
 * @error:	What went wrong first; NULL: nothing.
 * @skipped:	Why nothing was done; NULL: it was.
 * @text:	What was done.
 */
struct kev_result {
	const char *error;
	const char *skipped;
	char text[200];
};

__attribute__((__format__(printf, 2, 3)))
void kev_result_tell(struct kev_result *result, const char *fmt, ...);
/* The first error is kept. */
void kev_result_fail(struct kev_result *result, const char *error);

/* Once, before all results: how many there will be. */
void ktap_plan(unsigned int nr);
void ktap_result(const char *name, const struct kev_result *result);
/* The exit status: 0 when something passed and nothing failed. */
int ktap_status(void);

#endif /* KEV_KTAP_H */
