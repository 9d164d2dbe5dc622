// SPDX-License-Identifier: GPL-2.0
/*
 * rmmod: refused as long as anything of the module is held, whatever goes on;
 * and against those that open the node, refused or whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stress.h"

#define MODULE	"kvm_eventfd"

static const char *module_file(void)
{
	const char *file = getenv("KEV_KO");

	return file ? file : "/modules/kvm-eventfd.ko";
}

/* Not where it is built in, and not for a node of another module. */
bool rmmod_is_possible(void)
{
	char line[256];
	bool found = false;
	FILE *file;

	file = fopen("/proc/modules", "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, MODULE " ", strlen(MODULE) + 1);
	fclose(file);
	return found && !access(module_file(), R_OK);
}

static int remove_module(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK);
}

static void insert_module(void)
{
	int fd = open(module_file(), O_RDONLY | O_CLOEXEC);

	kev_assert(fd >= 0, "open %s", module_file());
	kev_assert(!syscall(SYS_finit_module, fd, "", 0), "finit_module");
	close(fd);
}

/* Throughout: the node is held, so each attempt must fail. */

static struct {
	pthread_t thread;
	int node;
	atomic_bool stop;
	unsigned long refused;
} background;

static void *attempt_until_stopped(void *arg)
{
	(void)arg;
	while (!atomic_load(&background.stop)) {
		kev_assert(remove_module() && errno == EWOULDBLOCK,
			   "rmmod of a module that is held");
		background.refused++;
		usleep(1000);
	}
	return NULL;
}

void rmmod_begin(void)
{
	background.node = kev_open();
	atomic_store(&background.stop, false);
	background.refused = 0;
	background.thread = kev_thread_start(attempt_until_stopped, NULL);
}

unsigned long rmmod_end(void)
{
	atomic_store(&background.stop, true);
	kev_thread_join(background.thread);
	close(background.node);
	return background.refused;
}

/* Against open */

struct reload {
	struct run *run;
	atomic_ulong refused;
	atomic_ulong removed;
	atomic_ulong opened;
};

static bool has_seen_all(struct reload *reload)
{
	return atomic_load(&reload->refused) &&
	       atomic_load(&reload->removed) && atomic_load(&reload->opened);
}

/* A short run goes on until each of the three has come about once. */
static bool reload_goes_on(struct reload *reload)
{
	struct run *run = reload->run;

	return run_goes_on(run) ||
	       (!has_seen_all(reload) && !atomic_load(&run->stop) &&
		kev_now_ms() < run->deadline + KEV_TIMEOUT_MS);
}

static void *reload_until_stopped(void *arg)
{
	struct reload *reload = arg;

	while (reload_goes_on(reload)) {
		if (!remove_module()) {
			atomic_fetch_add(&reload->removed, 1);
			insert_module();
			continue;
		}
		if (errno != EWOULDBLOCK && errno != EBUSY)
			run_fail(reload->run, "rmmod failed in another way");
		atomic_fetch_add(&reload->refused, 1);
	}
	return NULL;
}

static int open_node(struct run *run)
{
	int node = open(kev_node(), O_RDWR | O_CLOEXEC);

	if (node < 0 && errno != ENOENT && errno != ENXIO && errno != ENODEV)
		run_fail(run, "open failed in another way");
	return node;
}

/* A vCPU alone holds the module: its VM still answers. */
static void leave_vcpu(struct run *run, int vm, int vcpu)
{
	close(vm);
	if (__vcpu_write(vcpu, KEV_APIC_BASE + KEV_APIC_TPR, 0, 4) != 4)
		run_fail(run, "a guest write failed");
	close(vcpu);
}

/* So does a file of figures, which has them all. */
static void leave_stats(struct run *run, int vm, int vcpu)
{
	struct vm figures = {
		.stats = kev_ioctl_val(vm, KVM_GET_STATS_FD, 0),
	};

	close(vcpu);
	close(vm);
	vm_account_all(run, &figures, 1);
	close(figures.stats);
}

static void use_node(struct run *run, int node, unsigned long round)
{
	int vm = kev_ioctl_val(node, KVM_CREATE_VM, 0);
	int fd = kev_eventfd(0);
	int vcpu;

	close(node);
	enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	set_msi_route(vm, GSI, 0, VECTOR_A);
	irqfd_assign(vm, fd, GSI);
	kev_signal(fd);
	vcpu = create_vcpu(vm, 0);
	if (round & 1)
		leave_vcpu(run, vm, vcpu);
	else
		leave_stats(run, vm, vcpu);
	close(fd);
	atomic_fetch_add(&run->signals, 1);
	atomic_fetch_add(&run->pairs, 1);
}

void stress_rmmod(struct run *run)
{
	struct reload reload = { .run = run };
	pthread_t thread;
	int node;

	if (!rmmod_is_possible()) {
		run_skip(run, "the module is built in, or its file is not here");
		return;
	}
	thread = kev_thread_start(reload_until_stopped, &reload);
	while (reload_goes_on(&reload)) {
		node = open_node(run);
		if (node < 0)
			continue;
		use_node(run, node, atomic_fetch_add(&reload.opened, 1));
		atomic_fetch_add(&run->rounds, 1);
		/* Nothing is held now. */
		usleep(1000);
	}
	kev_thread_join(thread);
	printf("# rmmod: %lu times removed and inserted, %lu times refused\n",
	       atomic_load(&reload.removed), atomic_load(&reload.refused));
	if (!has_seen_all(&reload))
		run_fail(run, "the module never went, or was never there");
}

STRESS_SCENARIO("rmmod", stress_rmmod);
