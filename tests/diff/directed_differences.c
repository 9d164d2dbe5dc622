// SPDX-License-Identifier: GPL-2.0
/*
 * Directed cases for the intended differences that random scripts stay away
 * from: the last step of each must differ.
 */
#include "directed.h"

#define PIO		KVM_IOEVENTFD_FLAG_PIO

static const struct table xen_table = {
	.head = { .nr = 1 },
	.entries = { {
		.gsi = 3, .type = KVM_IRQ_ROUTING_XEN_EVTCHN,
		.u.xen_evtchn = {
			.port = 1,
			.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
		},
	} },
};

const struct directed directed_differences[] = {
	{ "differs_busy_across_vms", .differs = "busy-across-vms",
	  STEPS(IRQFD(0, 3), { .op = OP_OTHER_IRQFD, .fd = 0, .gsi = 3 }) },
	{ "differs_hyperv_route", .differs = "route-types",
	  STEPS(ROUTING(0, 1, ROUTE(3, KVM_IRQ_ROUTING_HV_SINT, 0))) },
	{ "differs_xen_route", .differs = "route-types", .not_old = true,
	  STEPS({ .op = OP_ROUTING, .data = &xen_table }) },
	{ "differs_eoi_of_a_cpu_not_addressed", { .nr_cpus = 2, .fresh = true },
	  .differs = "eoi-scan",
	  STEPS(RTE_HIGH(10, 1), RTE_LOW(10, MASKED | LEVEL | 0x41),
		RESAMPLE(0, 10, 1), MMIO_READ(0, LAPIC_BASE + 0x20, 4),
		MSI(CPU_ADDR(0), 0x41), RTE_LOW(10, LEVEL | 0x41), TAKE(0),
		EOI(0)) },
	{ "differs_port_beside_no_length", .differs = "bus-search",
	  STEPS(IOEVENTFD(0, 0x20, 0, PIO, 0), OUTB(0x21, 0x55)) },
	{ "differs_no_length_behind_a_range", .differs = "bus-search",
	  STEPS(IOEVENTFD(0, 0x1010, 0, PIO, 0), IOEVENTFD(1, 0x1008, 8, PIO, 0),
		OUT(0x1010, 4, 0)) },
	{ "differs_ioeventfd_over_a_port", .differs = "ioeventfd-first",
	  STEPS(IOEVENTFD(0, 0x20, 2, PIO, 0), OUT(0x20, 2, 0)) },
	{ "differs_ioeventfd_over_a_zone", .differs = "ioeventfd-first",
	  STEPS(COALESCED(1, 0xd0000000, 4, 0),
		IOEVENTFD(0, 0xd0000000, 4, 0, 0), MMIO(0, 0xd0000000, 4, 7)) },
	{ "differs_message_to_a_new_vcpu", { .fresh = true },
	  .differs = "new-vcpu", .minimal = true,
	  STEPS(MSI(CPU_ADDR(0), 0x431)) },
	{ "differs_reserved_mode_ends_a_halt", .differs = "pv-kick",
	  STEPS(MSI(CPU_ADDR(0), 0x341), MP_STATE(0, 3)) },
};

const unsigned int nr_directed_differences = ARRAY_SIZE(directed_differences);
