// SPDX-License-Identifier: GPL-2.0
/* Threads that do their jobs against each other, round after round. */
#include "stress.h"

/* Jobs are this far apart at most, so that each comes first now and then. */
#define DELAY_US	64

static unsigned int next_delay(struct member *member)
{
	member->random ^= member->random << 13;
	member->random ^= member->random >> 17;
	member->random ^= member->random << 5;
	return member->random % DELAY_US;
}

static void *work_until_over(void *arg)
{
	struct member *member = arg;
	struct team *team = member->team;

	for (;;) {
		pthread_barrier_wait(&team->barrier);
		if (team->over)
			return NULL;
		spin_us(next_delay(member));
		member->job->run(team->arg);
		pthread_barrier_wait(&team->barrier);
	}
}

void team_start(struct team *team, const struct job *jobs, unsigned int nr,
		void *arg)
{
	unsigned int i;

	kev_assert(nr <= TEAM_MAX, "a team of %u", nr);
	team->arg = arg;
	team->over = false;
	team->nr = nr;
	pthread_barrier_init(&team->barrier, NULL, nr + 1);
	for (i = 0; i < nr; i++) {
		team->members[i].team = team;
		team->members[i].job = &jobs[i];
		team->members[i].random = 2463534242u + i;
		team->members[i].thread =
			kev_thread_start(work_until_over, &team->members[i]);
	}
}

void team_round(struct team *team)
{
	pthread_barrier_wait(&team->barrier);
	pthread_barrier_wait(&team->barrier);
}

void team_end(struct team *team)
{
	unsigned int i;

	team->over = true;
	pthread_barrier_wait(&team->barrier);
	for (i = 0; i < team->nr; i++)
		kev_thread_join(team->members[i].thread);
	pthread_barrier_destroy(&team->barrier);
}
