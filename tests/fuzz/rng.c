// SPDX-License-Identifier: GPL-2.0
/* Random numbers: the n-th program of a seed is the same at every run. */
#include "fuzz.h"

/* One round of splitmix64. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void rng_seed(struct rng *rng, uint64_t seed, uint64_t nr)
{
	rng->state = seed;
	rng->state = mix(&rng->state) ^ nr;
}

uint64_t rng_next(struct rng *rng)
{
	return mix(&rng->state);
}

uint32_t rng_below(struct rng *rng, uint32_t limit)
{
	return (rng_next(rng) >> 32) * limit >> 32;
}

bool rng_one_in(struct rng *rng, uint32_t n)
{
	return !rng_below(rng, n);
}
