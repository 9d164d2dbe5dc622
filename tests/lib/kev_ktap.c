// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "kev_ktap.h"

static unsigned int nr_results, nr_passed, nr_failed;

void kev_result_tell(struct kev_result *result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result->text, sizeof(result->text), fmt, ap);
	va_end(ap);
}

void kev_result_fail(struct kev_result *result, const char *error)
{
	if (!result->error)
		result->error = error;
}

void ktap_plan(unsigned int nr)
{
	printf("KTAP version 1\n1..%u\n", nr);
	fflush(stdout);
}

void ktap_result(const char *name, const struct kev_result *result)
{
	const char *error = result->error;

	nr_results++;
	if (error)
		nr_failed++;
	else if (!result->skipped)
		nr_passed++;
	printf("%sok %u %s", error ? "not " : "", nr_results, name);
	if (!error && result->skipped)
		printf(" # SKIP %s\n", result->skipped);
	else
		printf("%s%s%s%s\n", error || result->text[0] ? " # " : "",
		       error ? error : "",
		       error && result->text[0] ? "; " : "", result->text);
	fflush(stdout);
}

int ktap_status(void)
{
	return nr_failed || !nr_passed;
}
