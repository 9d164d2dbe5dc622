// SPDX-License-Identifier: GPL-2.0
/*
 * The limits that an administrator sets: parameters of the module.
 *
 * Each can be changed at any time, and holds for what is made from then on; what
 * is there already stays.  A value out of range is refused.
 */
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <kev/base/limits.h>

static unsigned int max_vcpus = KEV_MAX_VCPUS;
static unsigned int max_routes = KEV_MAX_IRQ_ROUTES_CAP;
static unsigned int max_ioeventfds = KEV_MAX_IOEVENTFDS;
static unsigned int max_vms_per_user = KEV_MAX_VMS_PER_USER;
static unsigned int max_timers_per_user = KEV_MAX_TIMERS_PER_USER;

static int set_max_vcpus(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, KEV_MAX_VCPUS);
}

/* What KVM_CAP_IRQ_ROUTING says is every VM's: that cannot be taken away. */
static int set_max_routes(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, KEV_MAX_IRQ_ROUTES,
				     KEV_MAX_IRQ_ROUTES_CAP);
}

static const struct kernel_param_ops max_vcpus_ops = {
	.set = set_max_vcpus,
	.get = param_get_uint,
};

static const struct kernel_param_ops max_routes_ops = {
	.set = set_max_routes,
	.get = param_get_uint,
};

module_param_cb(max_vcpus, &max_vcpus_ops, &max_vcpus, 0644);
MODULE_PARM_DESC(max_vcpus, "vCPUs of a VM, 1 to 4096 (4096)");
module_param_cb(max_routes, &max_routes_ops, &max_routes, 0644);
MODULE_PARM_DESC(max_routes, "routes that a VM can ask for, 4096 to 131072 (131072)");
module_param(max_ioeventfds, uint, 0644);
MODULE_PARM_DESC(max_ioeventfds, "ioeventfds of a VM (1048576)");
module_param(max_vms_per_user, uint, 0644);
MODULE_PARM_DESC(max_vms_per_user, "VMs of a user without CAP_SYS_RESOURCE (1024)");
module_param(max_timers_per_user, uint, 0644);
MODULE_PARM_DESC(max_timers_per_user, "PITs and LAPICs of such a user's VMs (8194)");

/**
 * kev_max_vcpus - How many vCPUs a VM can have
 *
 * Return: KVM_CAP_MAX_VCPUS.
 */
unsigned int kev_max_vcpus(void)
{
	return READ_ONCE(max_vcpus);
}

/**
 * kev_max_vcpu_ids - What ids of vCPUs are below
 *
 * Return: KVM_CAP_MAX_VCPU_ID.
 */
unsigned int kev_max_vcpu_ids(void)
{
	return READ_ONCE(max_vcpus) * KEV_IDS_PER_VCPU;
}

/**
 * kev_max_routes - What a VM can raise its limit of routes to
 *
 * Return: KVM_EVENTFD_CAP_MAX_ROUTES.
 */
unsigned int kev_max_routes(void)
{
	return READ_ONCE(max_routes);
}

/**
 * kev_max_ioeventfds - How many ioeventfds a VM can have
 *
 * Return: The parameter.
 */
unsigned int kev_max_ioeventfds(void)
{
	return READ_ONCE(max_ioeventfds);
}

/**
 * kev_max_vms_per_user - How many VMs a user can have
 *
 * Return: The parameter.
 */
unsigned int kev_max_vms_per_user(void)
{
	return READ_ONCE(max_vms_per_user);
}

/**
 * kev_max_timers_per_user - How many timers a user's VMs can have
 *
 * Return: The parameter.
 */
unsigned int kev_max_timers_per_user(void)
{
	return READ_ONCE(max_timers_per_user);
}
