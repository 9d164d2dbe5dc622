// SPDX-License-Identifier: GPL-2.0
/*
 * A line that is kept up by one thread, call after call without an effect, against
 * changes by another after which the same call has one.
 *
 * Once such a change returned, the next call raises the pin that the line is wired
 * to now.
 */
#include <stdlib.h>

#include "stress.h"

#define LINE		5	/* its GSI; wired to one pin, or to the other */
#define PIN		20	/* the first of the two, each with a GSI of its own */
#define WIRE		30	/* the first of those */

static const int vectors[] = { VECTOR_A, VECTOR_B };

/* What the thread that keeps the line up has to know. */
struct line {
	struct run *run;
	int vm;
};

static void *up_until_stopped(void *arg)
{
	struct line *line = arg;

	while (run_goes_on(line->run))
		__irq_line(line->vm, LINE, 1);
	return NULL;
}

static struct kev_routes *wires(unsigned int pin)
{
	struct kev_routes *r = kev_routes_new();

	kev_route_pin(r, LINE, KVM_IRQCHIP_IOAPIC, PIN + pin);
	kev_route_pin(r, WIRE, KVM_IRQCHIP_IOAPIC, PIN);
	kev_route_pin(r, WIRE + 1, KVM_IRQCHIP_IOAPIC, PIN + 1);
	return r;
}

/* The line comes to @pin, which is down. */
static void rewire(int vm, unsigned int pin, struct kev_routes *table,
		   bool update)
{
	struct kev_routes *r;

	if (!update) {
		set_gsi_routing(vm, table);
		return;
	}
	r = kev_routes_new();
	kev_route_pin(r, LINE, KVM_IRQCHIP_IOAPIC, PIN + pin);
	kev_ioctl(vm, KVM_EVENTFD_UPDATE_ROUTES,
		  (struct kvm_eventfd_routes *)r);
	free(r);
}

static void stress_quiet(struct run *run)
{
	struct kev_routes *tables[] = { wires(0), wires(1) };
	struct line line = { .run = run };
	pthread_t thread;
	unsigned long i;
	struct vm vm;

	vm_create_chips(&vm, KEV_CHIP_FULL);
	line.vm = vm.m.vm;
	ioapic_set_rte(vm.m.vm, PIN, VECTOR_A);
	ioapic_set_rte(vm.m.vm, PIN + 1, VECTOR_B);
	set_gsi_routing(vm.m.vm, tables[0]);
	thread = kev_thread_start(up_until_stopped, &line);
	for (i = 1; run_goes_on(run); i++) {
		unsigned int pin = i & 1;

		__irq_line(vm.m.vm, WIRE + pin, 0);
		vcpu_drain(vm.m.vcpu[0], vectors[pin]);
		rewire(vm.m.vm, pin, tables[pin], i & 2);
		__irq_line(vm.m.vm, LINE, 1);
		if (!vcpu_drain(vm.m.vcpu[0], vectors[pin]))
			run_fail(run, "a line did nothing by its new route");
		atomic_fetch_add(&run->rounds, 1);
	}
	kev_thread_join(thread);
	vm_destroy(&vm);
	free(tables[0]);
	free(tables[1]);
}

STRESS_SCENARIO("quiet", stress_quiet);
