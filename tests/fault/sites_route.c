// SPDX-License-Identifier: GPL-2.0
/* GSI routing. */
#include <stdlib.h>

#include "fault.h"

/* Instead of the routes of before: @nr GSIs from 24 on. */
static void fill(struct env *env, unsigned int nr)
{
	unsigned int i;

	free(env->routes);
	env->routes = kev_routes_new();
	for (i = 0; i < nr; i++)
		kev_route_msi(env->routes, GSI_MSI + i, 0,
			      0x60 + i % 64);
}

static void fill_none(struct env *env)
{
	fill(env, 0);
}

static void fill_one(struct env *env)
{
	fill(env, 1);
}

static void fill_many(struct env *env)
{
	fill(env, 200);
}

static void fill_more(struct env *env)
{
	fill(env, 1000);
}

static long set_routing(struct env *env)
{
	return __set_gsi_routing(env->m.vm, env->routes);
}

static long update_routes(struct env *env)
{
	return ioctl(env->m.vm, KVM_EVENTFD_UPDATE_ROUTES, env->routes);
}

/* Irqfds follow: the new route is in each, or the old one. */
static void fill_many_bound(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
	irqfd_assign(env->m.vm, env->efd[1], GSI_MSI);
	irqfd_assign(env->m.vm, env->efd[2], 100);
	fill_many(env);
}

/* GSIs of the same page, and of one that has no page yet. */
static void fill_apart(struct env *env)
{
	fill(env, 2);
	kev_route_msi(env->routes, 1023, 0, 0x70);
	kev_route_msi(env->routes, 3000, 0, 0x71);
}

static long raise_limit(struct env *env)
{
	return __enable_cap(env->m.vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0, 8192);
}

static long raise_limit_far(struct env *env)
{
	return __enable_cap(env->m.vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0, 131072);
}

static const struct site route_sites[] = {
	{ "SET_GSI_ROUTING to nothing", KEV_CHIP_FULL, 1, 0, fill_none,
	  set_routing },
	{ "SET_GSI_ROUTING of 1", KEV_CHIP_FULL, 1, 0, fill_one, set_routing },
	{ "SET_GSI_ROUTING of 200, irqfds bound", KEV_CHIP_FULL, 1, 0,
	  fill_many_bound, set_routing },
	{ "SET_GSI_ROUTING of 1,000", KEV_CHIP_FULL, 1, 0, fill_more,
	  set_routing },
	{ "UPDATE_ROUTES of 1", KEV_CHIP_FULL, 1, 0, fill_one, update_routes },
	{ "UPDATE_ROUTES of 4, new pages", KEV_CHIP_FULL, 1, 0, fill_apart,
	  update_routes },
	{ "UPDATE_ROUTES of 200, irqfds bound", KEV_CHIP_FULL, 1, 0,
	  fill_many_bound, update_routes },
	{ "UPDATE_ROUTES of 1,000", KEV_CHIP_FULL, 1, 0, fill_more,
	  update_routes },
	{ "ENABLE_CAP MAX_ROUTES 8,192", KEV_CHIP_FULL, 1, 0, NULL,
	  raise_limit },
	{ "ENABLE_CAP MAX_ROUTES 131,072", KEV_CHIP_FULL, 1, 0, NULL,
	  raise_limit_far },
};

FAULT_SITES(route_sites);
