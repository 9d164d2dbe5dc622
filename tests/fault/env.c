// SPDX-License-Identifier: GPL-2.0
/* A machine for one attempt, and all that can be seen of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

static void add_msi_routes(struct env *env)
{
	env->routes = kev_routes_new();
	kev_route_msi(env->routes, GSI_MSI, 0, VECTOR_MSI);
	kev_route_msi(env->routes, GSI_MSI_2, 0, VECTOR_MSI + 1);
	kev_route_pin(env->routes, 5, KVM_IRQCHIP_IOAPIC, 5);
	set_gsi_routing(env->m.vm, env->routes);
}

void env_create(struct env *env, const struct site *site)
{
	unsigned int i;

	memset(env, 0, sizeof(*env));
	kev_machine_create(&env->m, site->chip, site->nr_vcpus);
	env->node = kev_open();
	env->vm_stats = kev_ioctl_val(env->m.vm, KVM_GET_STATS_FD, 0);
	env->vcpu_stats = -1;
	if (site->nr_vcpus)
		env->vcpu_stats = kev_ioctl_val(env->m.vcpu[0],
						KVM_GET_STATS_FD, 0);
	env->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < NR_EVENTFDS; i++)
		env->efd[i] = kev_eventfd(0);
	env->made = -1;
	env->map = MAP_FAILED;
	if (site->chip == KEV_CHIP_FULL)
		add_msi_routes(env);
	if (site->prepare)
		site->prepare(env);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

void env_destroy(struct env *env)
{
	unsigned int i;

	if (env->map != MAP_FAILED)
		munmap(env->map, getpagesize());
	close_if(env->made);
	for (i = 0; i < NR_EVENTFDS; i++)
		close_if(env->efd[i]);
	close_if(env->epoll);
	close_if(env->vcpu_stats);
	close_if(env->vm_stats);
	close_if(env->node);
	for (i = 0; i < env->m.nr_vcpus; i++)
		close_if(env->m.vcpu[i]);
	close_if(env->m.vm);
	free(env->routes);
}

/* The state */

static void put(struct state *state, const void *data, size_t len)
{
	kev_assert(state->len + len <= sizeof(state->data), "state is full");
	memcpy(state->data + state->len, data, len);
	state->len += len;
}

/* With its name, so that a difference can be told. */
static void put_value(struct state *state, const char *name, long long value)
{
	char text[48] = "";

	snprintf(text, sizeof(text), "%.23s %lld", name, value);
	put(state, text, sizeof(text));
}

static void put_blob(struct state *state, const char *name, const void *data,
		     size_t len)
{
	const uint8_t *bytes = data;
	uint64_t sum = 14695981039346656037ull;
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 1099511628211ull;
	put_value(state, name, sum);
}

static void put_call(struct state *state, const char *name, long ret)
{
	put_value(state, name, ret < 0 ? -errno : ret);
}

static void read_fds(struct state *state)
{
	uint64_t open = 0;
	int fd;

	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			open |= 1ull << fd;
	put_value(state, "open fds", open);
}

static void read_chips(struct state *state, struct env *env)
{
	struct kvm_irqchip chip;
	unsigned int id;
	int ret;

	for (id = 0; id < 3; id++) {
		memset(&chip, 0, sizeof(chip));
		chip.chip_id = id;
		ret = __kev_ioctl(env->m.vm, KVM_GET_IRQCHIP, &chip);
		put_call(state, "GET_IRQCHIP", ret);
		if (!ret)
			put_blob(state, "irqchip", &chip, sizeof(chip));
	}
}

/* Whether there is one, and what does not depend on the time. */
static void read_pit(struct state *state, int vm)
{
	struct kvm_pit_state2 pit = {};

	put_call(state, "GET_PIT2", __kev_ioctl(vm, KVM_GET_PIT2, &pit));
	put_value(state, "pit flags", pit.flags);
	put_value(state, "pit mode", pit.channels[0].mode);
	put_value(state, "pit count", pit.channels[0].count);
}

static void read_msr(struct state *state, int vcpu, uint32_t msr)
{
	uint64_t value = 0;

	put_call(state, "MSR", __vcpu_read(vcpu, KVM_EVENTFD_OFF_MSR + msr,
					   &value, 8));
	put_value(state, "value", value);
}

static void read_vcpu(struct state *state, int vcpu)
{
	struct kvm_lapic_state lapic = {};
	struct kvm_mp_state mp = {};
	int ret;

	ret = __kev_ioctl(vcpu, KVM_GET_LAPIC, &lapic);
	put_call(state, "GET_LAPIC", ret);
	if (!ret)
		put_blob(state, "lapic", &lapic, sizeof(lapic));
	put_call(state, "GET_MP_STATE",
		 __kev_ioctl(vcpu, KVM_GET_MP_STATE, &mp));
	put_value(state, "mp_state", mp.mp_state);
	read_msr(state, vcpu, 0x1b);
	read_msr(state, vcpu, 0x6e0);
	put_value(state, "pending", vcpu_poll_now(vcpu));
}

/* How many irqfds and ioeventfds there are. */
static void read_stats(struct state *state, struct env *env)
{
	struct kvm_stats_header header;
	uint64_t data[7];

	kev_assert(pread(env->vm_stats, &header, sizeof(header), 0) ==
		   sizeof(header), "read of the stats' header");
	kev_assert(pread(env->vm_stats, data, sizeof(data),
			 header.data_offset) == sizeof(data),
		   "read of the stats");
	put_value(state, "irqfds", data[0]);
	put_value(state, "ioeventfds", data[5]);
}

/* Who takes a guest's write, and which eventfds it signals. */
static void probe_write(struct state *state, struct env *env, uint64_t off,
			uint64_t value, unsigned int len)
{
	unsigned int i;

	put_call(state, "doorbell",
		 __vcpu_write(env->m.vcpu[0], off, value, len));
	for (i = 0; i < NR_EVENTFDS; i++)
		if (env->efd[i] >= 0)
			put_value(state, "eventfd", kev_count(env->efd[i]));
}

static void probe_doorbells(struct state *state, struct env *env)
{
	uint64_t pio = KVM_EVENTFD_OFF_PIO + PIO_ADDR;
	uint64_t ccw = KVM_EVENTFD_OFF_CCW + CCW_ADDR;

	probe_write(state, env, MMIO_ADDR, 1, 4);
	probe_write(state, env, MMIO_ADDR, 2, 4);
	probe_write(state, env, MMIO_ADDR, 1, 8);
	probe_write(state, env, MMIO_ADDR, 0, 0);
	probe_write(state, env, pio, 1, 2);
	probe_write(state, env, ccw, 1, 8);
	probe_write(state, env, ZONE_ADDR, 1, 4);
	probe_write(state, env, KVM_EVENTFD_OFF_PIO + ZONE_ADDR, 1, 4);
}

/* Which eventfds have an irqfd, and what it delivers. */
static void probe_irqfds(struct state *state, struct env *env)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTFDS; i++) {
		if (env->efd[i] < 0)
			continue;
		kev_signal(env->efd[i]);
		put_value(state, "not bound", kev_count(env->efd[i]));
		put_value(state, "delivered", lapic_count_irr(env->m.vcpu[0]));
		lapic_clear_irr(env->m.vcpu[0]);
	}
}

/* Which GSIs have a route, and where to. */
static void probe_routes(struct state *state, struct env *env)
{
	static const uint32_t gsis[] = { 24, 25, 26, 100, 1023 };
	struct kvm_lapic_state lapic;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gsis); i++) {
		put_value(state, "gsi", irq_line_status(env->m.vm, gsis[i], 1));
		irq_line(env->m.vm, gsis[i], 0);
		get_lapic(env->m.vcpu[0], &lapic);
		put_blob(state, "lapic after gsi", &lapic, sizeof(lapic));
		lapic_clear_irr(env->m.vcpu[0]);
	}
}

static bool has_lapic(struct env *env)
{
	struct kvm_lapic_state lapic;

	return env->m.nr_vcpus && env->m.vcpu[0] >= 0 &&
	       !__kev_ioctl(env->m.vcpu[0], KVM_GET_LAPIC, &lapic);
}

void state_read(struct state *state, struct env *env, unsigned int flags)
{
	unsigned int i;

	state->len = 0;
	read_fds(state);
	if (env->vm_stats >= 0)
		read_stats(state, env);
	if (env->m.vm >= 0) {
		put_call(state, "routes limit",
			 ioctl(env->m.vm, KVM_CHECK_EXTENSION,
			       KVM_CAP_IRQ_ROUTING));
		if (!(flags & SITE_ASYNC))
			read_chips(state, env);
		read_pit(state, env->m.vm);
	}
	for (i = 0; i < env->m.nr_vcpus && !(flags & SITE_ASYNC); i++)
		if (env->m.vcpu[i] >= 0)
			read_vcpu(state, env->m.vcpu[i]);
	if (env->m.nr_vcpus && env->m.vcpu[0] >= 0)
		probe_doorbells(state, env);
	if (!has_lapic(env) || env->m.vm < 0 || flags & SITE_ASYNC)
		return;
	probe_routes(state, env);
	probe_irqfds(state, env);
}

const char *state_differs(const struct state *a, const struct state *b)
{
	static char text[160];
	size_t at;

	for (at = 0; at < a->len && at < b->len; at += 48) {
		const char *x = (const char *)a->data + at;
		const char *y = (const char *)b->data + at;

		if (memcmp(x, y, 48)) {
			snprintf(text, sizeof(text), "\"%.47s\", now \"%.47s\"",
				 x, y);
			return text;
		}
	}
	return a->len == b->len ? NULL : "the state has another size";
}
