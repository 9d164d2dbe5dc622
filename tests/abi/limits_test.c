// SPDX-License-Identifier: GPL-2.0
/*
 * The limits that are parameters of the module: what lowers them is in force for
 * what is made from then on, and those per user count VMs and timers of one user.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "kev_harness.h"

#define FOLDER	"/sys/module/kvm_eventfd/parameters/"
#define USER	1234

static int param_open(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), FOLDER "%s", name);
	return open(path, flags | O_CLOEXEC);
}

static unsigned int param_get(const char *name)
{
	int fd = param_open(name, O_RDONLY);
	char text[32] = {};

	kev_assert(fd >= 0, "open %s", name);
	kev_assert(read(fd, text, sizeof(text) - 1) > 0, "read %s", name);
	close(fd);
	return strtoul(text, NULL, 10);
}

static int __param_set(const char *name, unsigned int value)
{
	int fd = param_open(name, O_WRONLY);
	int len, ret, err;
	char text[32];

	kev_assert(fd >= 0, "open %s", name);
	len = snprintf(text, sizeof(text), "%u", value);
	ret = write(fd, text, len) == len ? 0 : -1;
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

static void param_set(const char *name, unsigned int value)
{
	kev_assert(!__param_set(name, value), "write %u to %s", value, name);
}

static const struct {
	const char *name;
	unsigned int preset;
} params[] = {
	{ "max_vcpus", 4096 }, { "max_routes", 131072 },
	{ "max_vms_per_user", 1024 }, { "max_timers_per_user", 8194 },
};

FIXTURE(limit) {
	unsigned int before[ARRAY_SIZE(params)];
	int node;
	int vm;
};

FIXTURE_SETUP(limit)
{
	unsigned int i;

	KEV_REQUIRE_MODULE("has other parameters");
	if (geteuid() || access(FOLDER "max_vcpus", W_OK))
		SKIP(return, "this user cannot set parameters");
	for (i = 0; i < ARRAY_SIZE(params); i++)
		self->before[i] = param_get(params[i].name);
	self->node = kev_open();
	self->vm = kev_create_vm();
}

FIXTURE_TEARDOWN(limit)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		param_set(params[i].name, self->before[i]);
	close(self->vm);
	close(self->node);
}

static int cap_of(int fd, long cap)
{
	return kev_ioctl_val(fd, KVM_CHECK_EXTENSION, cap);
}

TEST_F(limit, presets_are_those_of_the_documentation)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		EXPECT_EQ(params[i].preset, self->before[i]);
}

TEST_F(limit, what_is_out_of_range_is_EINVAL)
{
	EXPECT_ERRNO(EINVAL, __param_set("max_vcpus", 0));
	EXPECT_ERRNO(EINVAL, __param_set("max_vcpus", 4097));
	EXPECT_ERRNO(EINVAL, __param_set("max_routes", 4095));
	EXPECT_ERRNO(EINVAL, __param_set("max_routes", 131073));
	EXPECT_EQ(self->before[0], param_get("max_vcpus"));
	EXPECT_EQ(self->before[1], param_get("max_routes"));
}

TEST_F(limit, capabilities_follow_max_vcpus)
{
	param_set("max_vcpus", 1);
	EXPECT_EQ(1, cap_of(self->node, KVM_CAP_MAX_VCPUS));
	EXPECT_EQ(1, cap_of(self->node, KVM_CAP_NR_VCPUS));
	EXPECT_EQ(4, cap_of(self->node, KVM_CAP_MAX_VCPU_ID));
	EXPECT_EQ(1, cap_of(self->vm, KVM_CAP_MAX_VCPUS));
}

TEST_F(limit, vcpu_above_max_vcpus_is_EINVAL)
{
	param_set("max_vcpus", 2);
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 8));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 7));
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 1));
	param_set("max_vcpus", 3);
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 1));
}

TEST_F(limit, with_all_vcpus_there_a_taken_id_is_EINVAL_too)
{
	param_set("max_vcpus", 1);
	EXPECT_ERRNO(0, __create_vcpu(self->vm, 0));
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 0));
	kev_exhaust_fds();
	EXPECT_ERRNO(EINVAL, __create_vcpu(self->vm, 0));
	kev_release_fds();
	param_set("max_vcpus", 2);
	EXPECT_ERRNO(EEXIST, __create_vcpu(self->vm, 0));
}

TEST_F(limit, ids_above_those_of_max_vcpus_are_EINVAL)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	param_set("max_vcpus", 2);
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, KVM_CAP_MAX_VCPU_ID, 0, 9));
	EXPECT_ERRNO(EINVAL, __kev_ioctl_val(self->vm, KVM_SET_BOOT_CPU_ID, 9));
	EXPECT_ERRNO(0, __enable_cap(self->vm, KVM_CAP_MAX_VCPU_ID, 0, 8));
}

TEST_F(limit, routes_above_max_routes_are_EINVAL)
{
	KEV_REQUIRE_CAP(KVM_EVENTFD_CAP_MAX_ROUTES);
	param_set("max_routes", 5000);
	EXPECT_EQ(5000, cap_of(self->vm, KVM_EVENTFD_CAP_MAX_ROUTES));
	EXPECT_ERRNO(EINVAL, __enable_cap(self->vm, KVM_EVENTFD_CAP_MAX_ROUTES,
					  0, 5001));
	EXPECT_ERRNO(0, __enable_cap(self->vm, KVM_EVENTFD_CAP_MAX_ROUTES, 0,
				     5000));
	EXPECT_EQ(5000, cap_of(self->vm, KVM_CAP_IRQ_ROUTING));
}

/* What @fn returns in a process of another user, which no limit exempts. */
static int as_user(int (*fn)(int node), int node)
{
	int status;
	pid_t pid;

	pid = fork();
	kev_assert(pid >= 0, "fork");
	if (!pid) {
		kev_assert(!setresgid(USER, USER, USER), "setresgid");
		kev_assert(!setresuid(USER, USER, USER), "setresuid");
		_exit(fn(node));
	}
	kev_assert(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int vm_of(int node)
{
	return ioctl(node, KVM_CREATE_VM, 0);
}

/* Two, not a third, and one again once one is gone: 0, or the step that was not. */
static int two_vms(int node)
{
	int first = vm_of(node), second = vm_of(node);

	if (first < 0 || second < 0)
		return 1;
	if (vm_of(node) >= 0 || errno != EMFILE)
		return 2;
	close(first);
	return vm_of(node) < 0 ? 3 : 0;
}

TEST_F(limit, vms_of_a_user_are_counted)
{
	param_set("max_vms_per_user", 2);
	EXPECT_EQ(0, as_user(two_vms, self->node));
	/* They went with the process. */
	EXPECT_EQ(0, as_user(two_vms, self->node));
}

TEST_F(limit, vms_of_who_may_exceed_it_are_not_refused)
{
	int vm[3];
	unsigned int i;

	param_set("max_vms_per_user", 1);
	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		vm[i] = vm_of(self->node);
		EXPECT_LE(0, vm[i]);
	}
	for (i = 0; i < ARRAY_SIZE(vm); i++)
		close(vm[i]);
}

static int vm_while_a_vcpu_lives(int node)
{
	int vm = vm_of(node), vcpu;

	if (vm < 0)
		return 1;
	vcpu = __create_vcpu(vm, 0);
	close(vm);
	if (vcpu < 0 || vm_of(node) >= 0 || errno != EMFILE)
		return 2;
	close(vcpu);
	return vm_of(node) < 0 ? 3 : 0;
}

TEST_F(limit, a_vm_counts_while_its_vcpus_fd_is_open)
{
	param_set("max_vms_per_user", 1);
	EXPECT_EQ(0, as_user(vm_while_a_vcpu_lives, self->node));
}

static int chips_vm_of(int node)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args[0] = 24,
	};
	int vm = vm_of(node);

	return vm < 0 || ioctl(vm, KVM_ENABLE_CAP, &cap) ? -1 : vm;
}

/* Over two VMs, and an id that was refused is not taken. */
static int two_lapics(int node)
{
	int a = chips_vm_of(node), b = chips_vm_of(node);

	if (__create_vcpu(a, 0) < 0 || __create_vcpu(b, 0) < 0)
		return 1;
	if (__create_vcpu(a, 1) >= 0 || errno != ENOSPC)
		return 2;
	if (__create_vcpu(a, 0) >= 0 || errno != EEXIST)
		return 3;
	if (__create_vcpu(b, 1) >= 0 || errno != ENOSPC)
		return 4;
	return 0;
}

TEST_F(limit, lapics_of_a_user_are_counted)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	param_set("max_timers_per_user", 2);
	EXPECT_EQ(0, as_user(two_lapics, self->node));
	EXPECT_EQ(0, as_user(two_lapics, self->node));
}

/* While the user has another VM: else nothing of it would be left to be wrong. */
static int lapic_of_the_next_vm(int node)
{
	int other = vm_of(node), vm = chips_vm_of(node);
	int vcpu = __create_vcpu(vm, 0);

	if (other < 0 || vcpu < 0)
		return 1;
	close(vcpu);
	close(vm);
	return __create_vcpu(chips_vm_of(node), 0) < 0 ? 2 : 0;
}

TEST_F(limit, lapics_of_a_vm_that_went_do_not_count)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	param_set("max_timers_per_user", 1);
	EXPECT_EQ(0, as_user(lapic_of_the_next_vm, self->node));
}

static int vcpu_without_lapic(int node)
{
	return __create_vcpu(vm_of(node), 0) < 0;
}

TEST_F(limit, vcpu_without_a_lapic_has_no_timer)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	param_set("max_timers_per_user", 0);
	EXPECT_EQ(0, as_user(vcpu_without_lapic, self->node));
}

static int pit_and_lapic(int node)
{
	struct kvm_pit_config pit = {};
	int vm = vm_of(node);

	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0))
		return 1;
	if (ioctl(vm, KVM_CREATE_PIT2, &pit))
		return 2;
	if (__create_vcpu(vm, 0) >= 0 || errno != ENOSPC)
		return 3;
	vm = vm_of(node);
	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0))
		return 4;
	return ioctl(vm, KVM_CREATE_PIT2, &pit) >= 0 || errno != ENOSPC ? 5 : 0;
}

TEST_F(limit, pits_of_a_user_are_counted)
{
	KEV_REQUIRE_CHIP(KEV_CHIP_FULL);
	param_set("max_timers_per_user", 1);
	EXPECT_EQ(0, as_user(pit_and_lapic, self->node));
}

TEST_HARNESS_MAIN
