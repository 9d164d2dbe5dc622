// SPDX-License-Identifier: GPL-2.0
/* The calls that a program can be made of: one row each. */
#include <string.h>

#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>

#include "fuzz.h"

const char * const ptr_names[NR_PTR] = {
	"good", "odd", "cut", "ro", "bad", "null", "items-bad", "items-cut",
};

#define VALUE(_name, _on, _makes, _weight, _field, _kind)		\
	{								\
		.name = #_name, .form = FORM_VALUE, .on = (_on),	\
		.makes = (_makes), .weight = (_weight), .cmd = KVM_##_name,	\
		.fields = { { (_field), (_kind), 0, 8 } },		\
	}

#define PLAIN(_name, _on, _makes, _weight)				\
	{								\
		.name = #_name, .form = FORM_VALUE, .on = (_on),	\
		.makes = (_makes), .weight = (_weight), .cmd = KVM_##_name,	\
	}

#define STRUCT(_name, _on, _weight, _size, ...)				\
	{								\
		.name = #_name, .form = FORM_STRUCT, .on = (_on),	\
		.weight = (_weight), .size = (_size), .cmd = KVM_##_name,	\
		.fields = { __VA_ARGS__ },				\
	}

#define SYSCALL(_name, _fn, _on, _makes, _weight, ...)			\
	{								\
		.name = (_name), .form = FORM_SYSCALL, .on = (_on),	\
		.makes = (_makes), .weight = (_weight), .syscall = (_fn),	\
		.fields = { __VA_ARGS__ },				\
	}

#define ROUTE_ITEMS							\
	.item_size = 48,						\
	.items = {							\
		{ "gsi", KIND_GSI, 0, 4 },				\
		{ "type", KIND_ROUTE_TYPE, 4, 4 },			\
		{ "flags", KIND_BITS, 8, 4 },				\
		{ "lo", KIND_MSI_LO, 16, 4 },				\
		{ "hi", KIND_MSI_HI, 20, 4 },				\
		{ "data", KIND_MSI_DATA, 24, 4 },			\
	}

#define ROUTES(_name, _cmd, _weight)					\
	{								\
		.name = (_name), .form = FORM_STRUCT, .on = SLOT_VM,	\
		.weight = (_weight), .size = 8, .cmd = (_cmd),		\
		.fields = { { "nr", KIND_NR, 0, 4 }, { "flags", KIND_BITS, 4, 4 } },	\
		ROUTE_ITEMS,						\
	}

#define IRQFD_FIELDS							\
	{								\
		{ "fd", KIND_EV, 0, 4 },				\
		{ "gsi", KIND_GSI, 4, 4 },				\
		{ "flags", KIND_BITS, 8, 4 },				\
		{ "resample", KIND_EV_OR_NONE, 12, 4 },			\
	}

#define IOEVENTFD_FIELDS						\
	{								\
		{ "fd", KIND_EV, 20, 4 },				\
		{ "addr", KIND_ADDR, 8, 8 },				\
		{ "len", KIND_LEN, 16, 4 },				\
		{ "flags", KIND_BUS_FLAGS, 24, 4 },			\
		{ "match", KIND_DATA, 0, 8 },				\
	}

#define BATCH(_name, _cmd, _size, _items)				\
	{								\
		.name = (_name), .form = FORM_BATCH, .on = SLOT_VM,	\
		.weight = 4, .size = 16, .cmd = (_cmd),			\
		.fields = { { "nr", KIND_NR, 8, 4 }, { "flags", KIND_BITS, 12, 4 } },	\
		.item_size = (_size), .items = _items,			\
	}

#define STATE(_name, _on, _weight, _size, _kind, _width, ...)		\
	{								\
		.name = "SET_" #_name, .form = FORM_STATE, .on = (_on),	\
		.weight = (_weight), .size = (_size),			\
		.cmd = KVM_SET_##_name, .get = KVM_GET_##_name,		\
		.fields = { __VA_ARGS__ },				\
		.items = { { "at", (_kind), 0, 2 }, { "val", KIND_DATA, 0, (_width) } },	\
	}

/* An access by the guest: where, how long, and what else there is to say. */
#define ACCESS(_name, _fn, _weight, ...)				\
	SYSCALL(_name, _fn, SLOT_VCPU, SLOT_NONE, _weight,		\
		{ "at", KIND_ACCESS, 0, 8 },				\
		{ "len", KIND_ACCESS_LEN, 0, 8 }, ##__VA_ARGS__)

/* clang-format off */
const struct op ops[] = {
	/* The node */
	VALUE(CREATE_VM, SLOT_NODE, SLOT_VM, 2, "type", KIND_VM_TYPE),
	VALUE(GET_API_VERSION, SLOT_NODE, SLOT_NONE, 1, "arg", KIND_BITS),
	VALUE(GET_VCPU_MMAP_SIZE, SLOT_NODE, SLOT_NONE, 1, "arg", KIND_BITS),
	VALUE(CHECK_EXTENSION, SLOT_ANY, SLOT_NONE, 2, "cap", KIND_CAP),
	STRUCT(GET_SUPPORTED_CPUID, SLOT_NODE, 1, 8, { "nent", KIND_NR, 0, 4 }),

	/* A VM */
	PLAIN(CREATE_IRQCHIP, SLOT_VM, SLOT_NONE, 2),
	VALUE(CREATE_VCPU, SLOT_VM, SLOT_VCPU, 4, "id", KIND_VCPU_ID),
	VALUE(SET_BOOT_CPU_ID, SLOT_VM, SLOT_NONE, 1, "id", KIND_VCPU_ID),
	PLAIN(GET_STATS_FD, SLOT_ANY, SLOT_STATS, 2),
	STRUCT(ENABLE_CAP, SLOT_VM, 3, 104,
	       { "cap", KIND_CAP, 0, 4 }, { "flags", KIND_BITS, 4, 4 },
	       { "arg", KIND_CAP_ARG, 8, 8 }),
	{
		.name = "IRQFD", .form = FORM_STRUCT, .on = SLOT_VM,
		.weight = 10, .size = 32, .cmd = KVM_IRQFD,
		.fields = IRQFD_FIELDS,
	},
	{
		.name = "IOEVENTFD", .form = FORM_STRUCT, .on = SLOT_VM,
		.weight = 8, .size = 64, .cmd = KVM_IOEVENTFD,
		.fields = IOEVENTFD_FIELDS,
	},
	BATCH("IRQFDS", KVM_EVENTFD_IRQFDS, 32, IRQFD_FIELDS),
	BATCH("IOEVENTFDS", KVM_EVENTFD_IOEVENTFDS, 64, IOEVENTFD_FIELDS),
	ROUTES("SET_GSI_ROUTING", KVM_SET_GSI_ROUTING, 8),
	ROUTES("UPDATE_ROUTES", KVM_EVENTFD_UPDATE_ROUTES, 8),
	STRUCT(REGISTER_COALESCED_MMIO, SLOT_VM, 3, 16,
	       { "addr", KIND_ADDR, 0, 8 }, { "size", KIND_LEN, 8, 4 },
	       { "pio", KIND_BOOL, 12, 4 }),
	STRUCT(UNREGISTER_COALESCED_MMIO, SLOT_VM, 2, 16,
	       { "addr", KIND_ADDR, 0, 8 }, { "size", KIND_LEN, 8, 4 },
	       { "pio", KIND_BOOL, 12, 4 }),
	STRUCT(IRQ_LINE, SLOT_VM, 5, 8,
	       { "gsi", KIND_GSI, 0, 4 }, { "level", KIND_BOOL, 4, 4 }),
	STRUCT(IRQ_LINE_STATUS, SLOT_VM, 5, 8,
	       { "gsi", KIND_GSI, 0, 4 }, { "level", KIND_BOOL, 4, 4 }),
	STRUCT(SIGNAL_MSI, SLOT_VM, 8, 32,
	       { "lo", KIND_MSI_LO, 0, 4 }, { "hi", KIND_MSI_HI, 4, 4 },
	       { "data", KIND_MSI_DATA, 8, 4 }, { "flags", KIND_BITS, 12, 4 }),
	STRUCT(GET_IRQCHIP, SLOT_VM, 1, 520, { "chip", KIND_CHIP, 0, 4 }),
	STATE(IRQCHIP, SLOT_VM, 4, 520, KIND_CHIP_OFF, 4,
	      { "chip", KIND_CHIP, 0, 4 }),
	PLAIN(CREATE_PIT, SLOT_VM, SLOT_NONE, 1),
	STRUCT(CREATE_PIT2, SLOT_VM, 2, 64, { "flags", KIND_BITS, 0, 4 }),
	STATE(PIT, SLOT_VM, 2, 72, KIND_PIT_OFF, 4),
	STATE(PIT2, SLOT_VM, 2, 112, KIND_PIT_OFF, 4),
	STRUCT(REINJECT_CONTROL, SLOT_VM, 1, 32, { "on", KIND_BOOL, 0, 1 }),

	/* A vCPU */
	ACCESS("PWRITE", sys_pwrite, 24, { "data", KIND_DATA, 0, 8 }),
	ACCESS("PREAD", sys_pread, 8),
	ACCESS("PWRITEV", sys_pwritev, 2, { "data", KIND_DATA, 0, 8 },
	       { "split", KIND_ACCESS_LEN, 0, 8 },
	       { "flags", KIND_BITS, 0, 8 }),
	ACCESS("PREADV", sys_preadv, 2, { "split", KIND_ACCESS_LEN, 0, 8 },
	       { "flags", KIND_BITS, 0, 8 }),
	STRUCT(EVENTFD_ACK_INTERRUPT, SLOT_VCPU, 8, 8),
	STRUCT(EVENTFD_FETCH, SLOT_VCPU, 4, 64),
	STRUCT(EVENTFD_EOI, SLOT_VCPU, 4, 8, { "type", KIND_INTR, 0, 4 },
	       { "vector", KIND_GSI, 4, 4 }),
	STRUCT(INTERRUPT, SLOT_VCPU, 2, 4, { "irq", KIND_MSI_DATA, 0, 4 }),
	PLAIN(NMI, SLOT_VCPU, SLOT_NONE, 2),
	VALUE(RUN, SLOT_VCPU, SLOT_NONE, 1, "arg", KIND_BOOL),
	STRUCT(GET_LAPIC, SLOT_VCPU, 1, 1024),
	STATE(LAPIC, SLOT_VCPU, 5, 1024, KIND_REG, 4),
	STRUCT(GET_MP_STATE, SLOT_VCPU, 1, 4),
	STRUCT(SET_MP_STATE, SLOT_VCPU, 1, 4, { "state", KIND_MP_STATE, 0, 4 }),
	SYSCALL("MMAP", sys_mmap, SLOT_VCPU, SLOT_NONE, 2),
	SYSCALL("POKE", sys_poke, SLOT_VCPU, SLOT_NONE, 3,
		{ "at", KIND_MAP_OFF, 0, 8 }, { "val", KIND_NR, 0, 8 }),
	SYSCALL("PEEK", sys_peek, SLOT_VCPU, SLOT_NONE, 1,
		{ "at", KIND_MAP_OFF, 0, 8 }),

	/* Any fd */
	SYSCALL("POLL", sys_poll, SLOT_ANY, SLOT_NONE, 2),
	SYSCALL("EPOLL_ADD", sys_epoll_add, SLOT_ANY, SLOT_NONE, 2),
	SYSCALL("EPOLL_DEL", sys_epoll_del, SLOT_ANY, SLOT_NONE, 1),
	SYSCALL("CLOSE", sys_close, SLOT_ANY, SLOT_NONE, 5),
	SYSCALL("READ_STATS", sys_read_stats, SLOT_STATS, SLOT_NONE, 2,
		{ "at", KIND_STATS_OFF, 0, 8 }, { "len", KIND_STATS_LEN, 0, 8 }),
	{
		.name = "IOCTL", .form = FORM_STRUCT, .on = SLOT_ANY,
		.weight = 2, .size = 8,
		.fields = {
			{ "cmd", KIND_CMD, 0, 0 }, { "val", KIND_DATA, 0, 8 },
		},
	},

	/* eventfds */
	SYSCALL("EVENTFD", sys_eventfd, SLOT_NONE, SLOT_EV, 6,
		{ "count", KIND_BOOL, 0, 8 }, { "semaphore", KIND_BOOL, 0, 8 }),
	SYSCALL("SIGNAL", sys_signal, SLOT_EV, SLOT_NONE, 10,
		{ "val", KIND_BOOL, 0, 8 }),
	SYSCALL("DRAIN", sys_drain, SLOT_EV, SLOT_NONE, 2),
	SYSCALL("DUP", sys_dup, SLOT_EV, SLOT_EV, 1),
};

/* clang-format on */

const unsigned int nr_ops = ARRAY_SIZE(ops);

const struct op *op_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

unsigned int op_nr_fields(const struct field *fields)
{
	unsigned int nr = 0;

	while (nr < MAX_FIELDS && fields[nr].name)
		nr++;
	return nr;
}
