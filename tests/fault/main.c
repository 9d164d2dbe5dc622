// SPDX-License-Identifier: GPL-2.0
/*
 * kev-fault: what a lack of memory does to each system call.
 *
 *	kev-fault [NAME...]
 *
 * For each site the 1st, 2nd, ... nth allocation of the call fails, until the
 * call passes without a failure.  A call that fails must say ENOMEM, must have
 * changed nothing that can be seen, and must succeed when it is made again.  A
 * call that succeeds all the same, for it had another way or did not need the
 * memory, must have done all that it does otherwise.  What is leaked is found by
 * kmemleak after the run.  NAME is a part of a site's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

/* A call with more allocations does not end. */
#define MAX_NTH		400

struct count {
	unsigned int failed;
	unsigned int absorbed;
	unsigned int fds;
};

static char error[256];

static bool complain(const char *what, unsigned int nth, const char *detail)
{
	snprintf(error, sizeof(error), "allocation %u: %s%s%s", nth, what,
		 detail ? ": " : "", detail ? detail : "");
	return false;
}

static bool same(const struct state *want, const struct state *seen,
		 unsigned int nth, const char *what)
{
	const char *difference = state_differs(want, seen);

	return !difference || complain(what, nth, difference);
}

/* After a call that failed with @err. */
static bool check_failure(const struct site *site, struct env *env,
			  const struct state *before, unsigned int nth, int err,
			  int want)
{
	static struct state now;
	long ret;

	if (err != want)
		return complain("errno", nth, strerror(err));
	state_read(&now, env, site->flags);
	if (!same(before, &now, nth, "the failure changed something"))
		return false;
	ret = site->call(env);
	if (ret < 0)
		return complain("the same call again", nth, strerror(errno));
	return true;
}

/*
 * One attempt with the @nth allocation failing; 0: none.  False on an error.
 * @good is what the call leaves behind, filled when @nth is 0.  @more is cleared
 * when the call has less than @nth allocations.
 */
static bool attempt(const struct site *site, struct env *env,
		    unsigned int nth, struct state *good, struct count *count,
		    bool *more)
{
	static struct state before, after;
	bool fired;
	long ret;
	int err;

	state_read(&before, env, site->flags);
	inject_arm(nth);
	ret = site->call(env);
	err = errno;
	fired = inject_disarm() && nth;
	*more = fired || !nth;

	if (ret < 0 && !fired)
		return complain("failed without an injection", nth,
				strerror(err));
	if (ret < 0) {
		count->failed++;
		/* Of a batch, nothing is done when it fails. */
		if (!check_failure(site, env, &before, nth, err, ENOMEM))
			return false;
	} else if (fired) {
		count->absorbed++;
		if (site->flags & SITE_PARTIAL && site->call(env) < 0)
			return complain("the rest of the batch", nth,
					strerror(errno));
	}

	state_read(nth ? &after : good, env, site->flags);
	return !nth || same(good, &after, nth, "the success is not whole");
}

/* The same with no number of an fd left. */
static bool attempt_without_fds(const struct site *site, struct env *env,
				struct count *count)
{
	static struct state before;
	long ret;
	int err;

	state_read(&before, env, site->flags);
	kev_exhaust_fds();
	ret = site->call(env);
	err = errno;
	kev_release_fds();

	if (ret >= 0)
		return complain("made an fd beyond RLIMIT_NOFILE", 0, NULL);
	count->fds++;
	return check_failure(site, env, &before, 0, err, EMFILE);
}

static bool site_run(const struct site *site, struct count *count)
{
	static struct state good;
	struct env env;
	unsigned int nth;
	bool more = true;
	bool well = true;

	for (nth = 0; well && more && nth <= MAX_NTH; nth++) {
		env_create(&env, site);
		well = attempt(site, &env, nth, &good, count, &more);
		env_destroy(&env);
	}
	if (well && more)
		return complain("there is no end of allocations", nth, NULL);
	if (well && site->flags & SITE_FD) {
		env_create(&env, site);
		well = attempt_without_fds(site, &env, count);
		env_destroy(&env);
	}
	return well;
}

static struct count sum;

static void run(const struct kev_case *c, struct kev_result *result)
{
	struct count count = {};

	if (!site_run(c->data, &count))
		result->error = error;
	kev_result_tell(result, "%u failed, %u absorbed%s", count.failed,
			count.absorbed,
			count.fds ? ", 1 for want of a number" : "");
	sum.failed += count.failed + count.fds;
	sum.absorbed += count.absorbed;
}

void fault_add(const struct site *sites, unsigned int nr)
{
	struct kev_case *cases = calloc(nr, sizeof(*cases));
	unsigned int i;

	kev_assert(cases, "calloc");
	for (i = 0; i < nr; i++) {
		cases[i].name = sites[i].name;
		cases[i].data = &sites[i];
		kev_case_add(&cases[i]);
	}
}

static void begin(struct kev_program *program)
{
	(void)program;
	inject_setup();
}

/* A kernel that injects nothing tests nothing. */
static void tell_sum(void)
{
	struct kev_result result = {};

	if (!sum.failed)
		result.error = "nothing was injected";
	kev_result_tell(&result, "%u failures injected, %u more absorbed",
			sum.failed, sum.absorbed);
	ktap_result("injection", &result);
}

int main(int argc, char **argv)
{
	struct kev_program program = {
		.usage = "kev-fault [-l] [NAME...]",
		.by_part = true,
		.more = 1,
		.begin = begin,
		.run = run,
		.end = tell_sum,
	};

	return kev_main(&program, argc, argv);
}
