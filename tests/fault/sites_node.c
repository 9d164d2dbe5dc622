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

static long node_api_version(struct env *env)
{
	return ioctl(env->node, KVM_GET_API_VERSION, 0);
}

static long node_mmap_size(struct env *env)
{
	return ioctl(env->node, KVM_GET_VCPU_MMAP_SIZE, 0);
}

static long node_cpuid(struct env *env)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[16];
	} cpuid = { .head.nent = 16 };

	return ioctl(env->node, KVM_GET_SUPPORTED_CPUID, &cpuid);
}

static long vm_check_extension(struct env *env)
{
	return ioctl(env->m.vm, KVM_CHECK_EXTENSION, KVM_CAP_IRQFD);
}

/* An ioctl that is not here. */
static long unknown(struct env *env)
{
	long ret = ioctl(env->m.vm, _IOWR(KVMIO, 0xff, struct kvm_irqchip),
			 NULL);

	return ret < 0 && errno == ENOTTY ? 0 : ret;
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

static long vcpu_munmap(struct env *env)
{
	int ret = munmap(env->map, getpagesize());

	env->map = MAP_FAILED;
	return ret;
}

static void have_map(struct env *env)
{
	kev_assert(!vcpu_mmap(env), "mmap of a vCPU");
}

/* The page comes with the first look at it, which may have to be repeated. */
static long vcpu_touch(struct env *env)
{
	return __atomic_load_n((uint32_t *)env->map, __ATOMIC_RELAXED);
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

static long vcpu_epoll_del(struct env *env)
{
	return epoll_ctl(env->epoll, EPOLL_CTL_DEL, env->m.vcpu[0], NULL);
}

static void have_epoll(struct env *env)
{
	kev_assert(!vcpu_epoll_add(env), "epoll_ctl");
}

/* A signal that wakes an epoll. */
static void have_epoll_and_irqfd(struct env *env)
{
	have_epoll(env);
	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
}

static long signal_epoll(struct env *env)
{
	uint64_t one = 1;

	return write(env->efd[0], &one, sizeof(one));
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

static void close_all_but(struct env *env, int *last)
{
	int *fds[] = { &env->m.vm, &env->vm_stats, &env->vcpu_stats,
		       &env->m.vcpu[0] };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] != last)
			close_once(fds[i]);
}

static void hold_by_vcpu_alone(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
	close_all_but(env, &env->m.vcpu[0]);
}

static void hold_by_stats_alone(struct env *env)
{
	irqfd_assign(env->m.vm, env->efd[0], GSI_MSI);
	close_all_but(env, &env->vm_stats);
}

static void hold_by_map_alone(struct env *env)
{
	have_map(env);
	close_all_but(env, NULL);
}

static const struct site node_sites[] = {
	{ "open of the node", KEV_CHIP_NONE, 0, SITE_FD, NULL, node_open },
	{ "CREATE_VM", KEV_CHIP_NONE, 0, SITE_FD, NULL, create_vm },
	{ "CHECK_EXTENSION", KEV_CHIP_NONE, 0, 0, NULL, node_check_extension },
	{ "GET_API_VERSION", KEV_CHIP_NONE, 0, 0, NULL, node_api_version },
	{ "GET_VCPU_MMAP_SIZE", KEV_CHIP_NONE, 0, 0, NULL, node_mmap_size },
	{ "GET_SUPPORTED_CPUID", KEV_CHIP_NONE, 0, 0, NULL, node_cpuid },
	{ "CHECK_EXTENSION on a VM", KEV_CHIP_NONE, 0, 0, NULL,
	  vm_check_extension },
	{ "an unknown ioctl", KEV_CHIP_NONE, 0, 0, NULL, unknown },
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
	{ "first look at a mapping", KEV_CHIP_FULL, 1, 0, have_map,
	  vcpu_touch },
	{ "munmap of a vCPU", KEV_CHIP_FULL, 1, 0, have_map, vcpu_munmap },
	{ "poll of a vCPU", KEV_CHIP_FULL, 1, 0, NULL, vcpu_poll },
	{ "epoll_ctl ADD of a vCPU", KEV_CHIP_FULL, 1, 0, NULL,
	  vcpu_epoll_add },
	{ "epoll_ctl DEL of a vCPU", KEV_CHIP_FULL, 1, 0, have_epoll,
	  vcpu_epoll_del },
	{ "write to an eventfd that wakes an epoll", KEV_CHIP_FULL, 1, 0,
	  have_epoll_and_irqfd, signal_epoll },
	{ "close of the node", KEV_CHIP_NONE, 0, 0, NULL, node_close },
	{ "close of a vCPU", KEV_CHIP_FULL, 2, 0, NULL, vcpu_close },
	{ "close of a VM's stats", KEV_CHIP_FULL, 1, 0, NULL, vm_stats_close },
	{ "close of a VM that others hold", KEV_CHIP_FULL, 1, 0, NULL,
	  vm_close },
	{ "close of a VM, the last of it", KEV_CHIP_FULL, 2, 0,
	  hold_by_vm_alone, vm_close },
	{ "close of a vCPU, the last of a VM", KEV_CHIP_FULL, 1, 0,
	  hold_by_vcpu_alone, vcpu_close },
	{ "close of a VM's stats, the last of it", KEV_CHIP_FULL, 1, 0,
	  hold_by_stats_alone, vm_stats_close },
	{ "munmap of a vCPU, the last of a VM", KEV_CHIP_FULL, 1, 0,
	  hold_by_map_alone, vcpu_munmap },
};

FAULT_SITES(node_sites);
