// SPDX-License-Identifier: GPL-2.0
/* Files come and go: the node, VMs, vCPUs, stats, mappings. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

static long made(struct env *env, long ret)
{
	if (ret >= 0)
		env->made = ret;
	return ret;
}

static long node_open(struct env *env)
{
	return made(env, open(kev_node(), O_RDWR | O_CLOEXEC));
}

static long create_vm(struct env *env)
{
	return made(env, ioctl(env->node, KVM_CREATE_VM, 0));
}

static long node_check_extension(struct env *env)
{
	return ioctl(env->node, KVM_CHECK_EXTENSION, KVM_CAP_IRQFD);
}

static long next_vcpu(struct env *env)
{
	return made(env, __create_vcpu(env->m.vm, 9));
}

static long vm_stats_fd(struct env *env)
{
	return made(env, ioctl(env->m.vm, KVM_GET_STATS_FD, 0));
}

static long vcpu_stats_fd(struct env *env)
{
	return made(env, ioctl(env->m.vcpu[0], KVM_GET_STATS_FD, 0));
}

static long vm_stats_read(struct env *env)
{
	char data[512];

	return pread(env->vm_stats, data, sizeof(data), 0);
}

static long vcpu_stats_read(struct env *env)
{
	char data[512];

	return pread(env->vcpu_stats, data, sizeof(data), 0);
}

static long vcpu_mmap(struct env *env)
{
	env->map = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED,
			env->m.vcpu[0], getpagesize());
	return env->map == MAP_FAILED ? -1 : 0;
}

static long vcpu_poll(struct env *env)
{
	return vcpu_poll_now(env->m.vcpu[0]);
}

static long vcpu_epoll_add(struct env *env)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(env->epoll, EPOLL_CTL_ADD, env->m.vcpu[0], &event);
}

static long close_once(int *fd)
{
	int ret = close(*fd);

	*fd = -1;
	return ret;
}

static long node_close(struct env *env)
{
	return close_once(&env->node);
}

static long vm_close(struct env *env)
{
	return close_once(&env->m.vm);
}

static long vcpu_close(struct env *env)
{
	return close_once(&env->m.vcpu[0]);
}

static long vm_stats_close(struct env *env)
{
	return close_once(&env->vm_stats);
}

/* Nothing else holds the machine, so its whole teardown is in the close. */
static void hold_by_vm_alone(struct env *env)
{
	unsigned int i;

	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
	irqfd_assign_resample(env->m.vm, env->efd[1], 5, env->efd[2]);
	ioeventfd_assign(env->m.vm, env->efd[3], MMIO_ADDR, 4,
			 KVM_IOEVENTFD_FLAG_DATAMATCH, 1);
	close(env->vm_stats);
	close(env->vcpu_stats);
	env->vm_stats = -1;
	env->vcpu_stats = -1;
	for (i = 0; i < env->m.nr_vcpus; i++) {
		close(env->m.vcpu[i]);
		env->m.vcpu[i] = -1;
	}
}

const struct site node_sites[] = {
	{ "open of the node", KEV_CHIP_NONE, 0, SITE_FD, NULL, node_open },
	{ "CREATE_VM", KEV_CHIP_NONE, 0, SITE_FD, NULL, create_vm },
	{ "CHECK_EXTENSION", KEV_CHIP_NONE, 0, 0, NULL, node_check_extension },
	{ "CREATE_VCPU without chips", KEV_CHIP_NONE, 1, SITE_FD, NULL,
	  next_vcpu },
	{ "CREATE_VCPU with split chips", KEV_CHIP_SPLIT, 1, SITE_FD, NULL,
	  next_vcpu },
	{ "CREATE_VCPU with chips", KEV_CHIP_FULL, 1, SITE_FD, NULL,
	  next_vcpu },
	{ "GET_STATS_FD of a VM", KEV_CHIP_NONE, 0, SITE_FD, NULL,
	  vm_stats_fd },
	{ "GET_STATS_FD of a vCPU", KEV_CHIP_NONE, 1, SITE_FD, NULL,
	  vcpu_stats_fd },
	{ "read of a VM's stats", KEV_CHIP_FULL, 1, 0, NULL, vm_stats_read },
	{ "read of a vCPU's stats", KEV_CHIP_FULL, 1, 0, NULL,
	  vcpu_stats_read },
	{ "mmap of a vCPU", KEV_CHIP_FULL, 1, 0, NULL, vcpu_mmap },
	{ "poll of a vCPU", KEV_CHIP_FULL, 1, 0, NULL, vcpu_poll },
	{ "epoll_ctl ADD of a vCPU", KEV_CHIP_FULL, 1, 0, NULL,
	  vcpu_epoll_add },
	{ "close of the node", KEV_CHIP_NONE, 0, 0, NULL, node_close },
	{ "close of a vCPU", KEV_CHIP_FULL, 2, 0, NULL, vcpu_close },
	{ "close of a VM's stats", KEV_CHIP_FULL, 1, 0, NULL, vm_stats_close },
	{ "close of a VM that others hold", KEV_CHIP_FULL, 1, 0, NULL,
	  vm_close },
	{ "close of a VM, the last of it", KEV_CHIP_FULL, 2, 0,
	  hold_by_vm_alone, vm_close },
	{ }
};
