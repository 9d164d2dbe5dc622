// SPDX-License-Identifier: GPL-2.0
/* What matches a guest's write, also against a model that tries everything. */
#include <linux/kvm_eventfd.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/vm.h>

#include "plane_fixture.h"

#define ADDR	0x1000

static int fake_io(struct kev_vm *vm, int fd, u64 addr, u32 len, u32 flags,
		   u64 datamatch)
{
	struct kvm_ioeventfd args = {
		.fd = fd,
		.addr = addr,
		.len = len,
		.flags = flags,
		.datamatch = datamatch,
	};

	return kev_ioeventfd(vm, &args);
}

static bool fake_write(struct kev_vm *vm, enum kev_bus bus, u64 addr,
		       unsigned int len, u64 val)
{
	__le64 raw = cpu_to_le64(val);

	return !kev_bus_write(vm, bus, addr, len, &raw);
}

static unsigned int fake_stats(struct kev_vm *vm, u64 *signalled)
{
	return kev_ioeventfds_stats(&vm->ioeventfds, signalled);
}

/**
 * struct hit_case - An ioeventfd, a write, and whether they match
 * @name:	A sentence.
 * @len:	Of the ioeventfd at ADDR.
 * @flags:	Of the ioeventfd.
 * @match:	Its datamatch.
 * @addr:	Of the write.
 * @wlen:	Its length.
 * @val:	Its value.
 * @hit:	Expected.
 */
struct hit_case {
	const char *name;
	u32 len;
	u32 flags;
	u64 match;
	u64 addr;
	unsigned int wlen;
	u64 val;
	bool hit;
};

#define DATAMATCH	KVM_IOEVENTFD_FLAG_DATAMATCH
#define PIO		KVM_IOEVENTFD_FLAG_PIO

static const struct hit_case hit_cases[] = {
	{ "exact_address_and_length_hits", 2, 0, 0, ADDR, 2, 7, true },
	{ "other_length_misses", 2, 0, 0, ADDR, 4, 7, false },
	{ "other_address_misses", 2, 0, 0, ADDR + 2, 2, 7, false },
	{ "address_inside_misses", 4, 0, 0, ADDR + 2, 2, 7, false },
	{ "zero_length_ignores_access_size", 0, 0, 0, ADDR, 8, 7, true },
	{ "zero_length_takes_odd_sizes", 0, 0, 0, ADDR, 3, 7, true },
	{ "zero_length_is_one_address", 0, 0, 0, ADDR + 1, 1, 7, false },
	{ "datamatch_hits_its_value", 4, DATAMATCH, 7, ADDR, 4, 7, true },
	{ "datamatch_misses_another", 4, DATAMATCH, 7, ADDR, 4, 8, false },
	{ "datamatch_is_64_bits", 8, DATAMATCH, 1ULL << 63, ADDR, 8,
	  1ULL << 63, true },
	{ "datamatch_bits_above_length_never_hit", 2, DATAMATCH, 0x10007, ADDR,
	  2, 0x10007, false },
	{ "bytes_above_length_are_not_compared", 2, DATAMATCH, 7, ADDR, 2,
	  0x10007, true },
	{ "a_byte_is_matched", 1, DATAMATCH, 0xff, ADDR, 1, 0xff, true },
	{ "pio_is_another_bus", 2, PIO, 0, ADDR, 2, 7, false },
};

KUNIT_ARRAY_PARAM_DESC(hit, hit_cases, name);

static void iobus_write_matches(struct kunit *test)
{
	const struct hit_case *c = test->param_value;
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0,
			fake_io(vm, fd, ADDR, c->len, c->flags, c->match));
	KUNIT_EXPECT_EQ(test, c->hit, fake_write(vm, KEV_BUS_MMIO, c->addr,
						 c->wlen, c->val));
	KUNIT_EXPECT_EQ(test, (u64)c->hit, fake_eventfd_count(fd));
}

/**
 * struct pair_case - Two ioeventfds at one address
 * @name:	A sentence.
 * @len:	Of each.
 * @flags:	Of each.
 * @match:	Datamatch of each.
 * @ret:	Of assigning the second.
 */
struct pair_case {
	const char *name;
	u32 len[2];
	u32 flags[2];
	u64 match[2];
	int ret;
};

static const struct pair_case pair_cases[] = {
	{ "equal_ones_collide", { 4, 4 }, { }, { }, -EEXIST },
	{ "lengths_do_not_collide", { 4, 2 }, { }, { }, 0 },
	{ "values_do_not_collide", { 4, 4 }, { DATAMATCH, DATAMATCH },
	  { 1, 2 }, 0 },
	{ "equal_values_collide", { 4, 4 }, { DATAMATCH, DATAMATCH },
	  { 1, 1 }, -EEXIST },
	{ "equal_values_of_two_lengths_do_not", { 4, 8 },
	  { DATAMATCH, DATAMATCH }, { 1, 1 }, 0 },
	{ "any_value_collides_with_one", { 4, 4 }, { DATAMATCH, 0 }, { 1 },
	  -EEXIST },
	{ "one_value_collides_with_any", { 4, 4 }, { 0, DATAMATCH }, { 0, 1 },
	  -EEXIST },
	{ "length_zero_collides_with_a_length", { 4, 0 }, { }, { }, -EEXIST },
	{ "a_length_collides_with_length_zero", { 0, 4 }, { }, { }, -EEXIST },
	{ "length_zero_collides_with_a_value", { 4, 0 }, { DATAMATCH, 0 },
	  { 1 }, -EEXIST },
	{ "a_value_collides_with_length_zero", { 0, 4 }, { 0, DATAMATCH },
	  { 0, 1 }, -EEXIST },
	{ "length_zero_collides_with_itself", { 0, 0 }, { }, { }, -EEXIST },
	{ "buses_do_not_collide", { 4, 4 }, { PIO, 0 }, { }, 0 },
};

KUNIT_ARRAY_PARAM_DESC(pair, pair_cases, name);

static void iobus_two_at_an_address(struct kunit *test)
{
	const struct pair_case *c = test->param_value;
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	int other = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, c->len[0], c->flags[0],
					 c->match[0]));
	KUNIT_EXPECT_EQ(test, c->ret,
			fake_io(vm, other, ADDR, c->len[1], c->flags[1],
				c->match[1]));

	/* After the first has gone the second one has its place. */
	KUNIT_EXPECT_EQ(test, 0,
			fake_io(vm, fd, ADDR, c->len[0],
				c->flags[0] | KVM_IOEVENTFD_FLAG_DEASSIGN,
				c->match[0]));
	KUNIT_EXPECT_EQ(test, c->ret ? 0 : -EEXIST,
			fake_io(vm, other, ADDR, c->len[1], c->flags[1],
				c->match[1]));
}

static void iobus_arguments_are_checked(struct kunit *test)
{
	static const struct {
		u32 len;
		u64 addr;
		u32 flags;
		int ret;
	} cases[] = {
		{ 3, ADDR, 0, -EINVAL },
		{ 16, ADDR, 0, -EINVAL },
		{ 4, U64_MAX - 2, 0, -EINVAL },
		{ 4, U64_MAX - 3, 0, -EINVAL },
		{ 4, U64_MAX - 4, 0, -EBADF },
		{ 0, U64_MAX, 0, -EBADF },
		{ 4, ADDR, 0x20, -EINVAL },
		{ 4, ADDR, 0x10, -EBADF },
		{ 0, ADDR, DATAMATCH, -EINVAL },
	};
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ret,
				    fake_io(vm, -1, cases[i].addr, cases[i].len,
					    cases[i].flags, 0), "case %u", i);
}

static void iobus_deassign_needs_the_whole_tuple(struct kunit *test)
{
	u32 gone = KVM_IOEVENTFD_FLAG_DEASSIGN;
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	int other = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, DATAMATCH, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, other, ADDR, 4, DATAMATCH | gone, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, fd, ADDR + 1, 4, DATAMATCH | gone, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, fd, ADDR, 2, DATAMATCH | gone, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, fd, ADDR, 4, DATAMATCH | gone, 8));
	KUNIT_EXPECT_EQ(test, -ENOENT, fake_io(vm, fd, ADDR, 4, gone, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, fd, ADDR, 4, DATAMATCH | PIO | gone, 7));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(vm, fd, ADDR, 260, DATAMATCH | gone, 7));
	KUNIT_EXPECT_EQ(test, 0,
			fake_io(vm, fd, ADDR, 4, DATAMATCH | gone, 7));
	KUNIT_EXPECT_FALSE(test, fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 7));
}

static void iobus_fast_mmio_finds_length_zero_alone(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 4, 0, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 8, 0, PIO, 0));
	KUNIT_EXPECT_NE(test, 0, kev_bus_write_fast(vm, ADDR));
	KUNIT_EXPECT_EQ(test, 0, kev_bus_write_fast(vm, ADDR + 4));
	KUNIT_EXPECT_NE(test, 0, kev_bus_write_fast(vm, ADDR + 8));
	KUNIT_EXPECT_EQ(test, 1ULL, fake_eventfd_count(fd));
	KUNIT_EXPECT_EQ(test, 0, fake_io(vm, fd, ADDR + 4, 0,
					 KVM_IOEVENTFD_FLAG_DEASSIGN, 0));
	KUNIT_EXPECT_NE(test, 0, kev_bus_write_fast(vm, ADDR + 4));
}

static void iobus_reads_never_match(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	u64 val;

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read(vm, KEV_BUS_MMIO, ADDR, 4, &val));
	KUNIT_EXPECT_EQ(test, 0ULL, fake_eventfd_count(fd));
}

/**
 * struct fake_device - A range that takes or refuses
 * @dev:	On the bus.
 * @takes:	Its answer.
 * @calls:	Accesses it saw.
 */
struct fake_device {
	struct kev_io_device dev;
	bool takes;
	int calls;
};

static int fake_access(struct kev_io_device *dev)
{
	struct fake_device *fake = container_of(dev, struct fake_device, dev);

	fake->calls++;
	return fake->takes ? 0 : -EOPNOTSUPP;
}

static int fake_dev_read(struct kev_io_device *dev, u64 addr, unsigned int len,
			 void *val)
{
	return fake_access(dev);
}

static int fake_dev_write(struct kev_io_device *dev, u64 addr, unsigned int len,
			  const void *val)
{
	return fake_access(dev);
}

static const struct kev_io_device_ops fake_dev_ops = {
	.read = fake_dev_read,
	.write = fake_dev_write,
};

static void iobus_devices_are_tried_until_one_takes(struct kunit *test)
{
	struct fake_device dev[3];
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	unsigned int i;
	u64 val = 0;

	/* Overlapping, the outer ones first. */
	for (i = 0; i < 3; i++) {
		dev[i] = (struct fake_device){ .dev.ops = &fake_dev_ops };
		KUNIT_ASSERT_EQ(test, 0,
				kev_bus_register(vm, KEV_BUS_MMIO,
						 ADDR + 0x10 * i,
						 0x100 - 0x20 * i, &dev[i].dev));
	}
	dev[2].takes = true;
	KUNIT_EXPECT_TRUE(test, fake_write(vm, KEV_BUS_MMIO, ADDR + 0x80, 4, 0));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 1, dev[i].calls);

	dev[0].takes = true;
	KUNIT_EXPECT_EQ(test, 0,
			kev_bus_read(vm, KEV_BUS_MMIO, ADDR + 0x80, 4, &val));
	KUNIT_EXPECT_EQ(test, 2, dev[0].calls);
	KUNIT_EXPECT_EQ(test, 1, dev[1].calls);

	/* Across the end, and before the start. */
	KUNIT_EXPECT_FALSE(test,
			   fake_write(vm, KEV_BUS_MMIO, ADDR + 0xfe, 4, 0));
	KUNIT_EXPECT_FALSE(test, fake_write(vm, KEV_BUS_MMIO, ADDR - 1, 4, 0));

	for (i = 0; i < 3; i++)
		kev_bus_unregister(vm, KEV_BUS_MMIO, &dev[i].dev);
	KUNIT_EXPECT_FALSE(test, fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 0));
}

/* What a caller that must not sleep gets, and in what order it is asked. */
static void iobus_nowait_calls_no_device(struct kunit *test)
{
	struct fake_device dev = { .dev.ops = &fake_dev_ops, .takes = true };
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	u32 val = 0;

	KUNIT_ASSERT_EQ(test, 0, kev_bus_register(vm, KEV_BUS_MMIO, ADDR, 0x10,
						  &dev.dev));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 8, 4, 0, 0));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 0x10, 4, 0, 0));

	KUNIT_EXPECT_EQ(test, 0, kev_bus_write_nowait(vm, KEV_BUS_MMIO, ADDR, 4,
						      &val));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			kev_bus_write_nowait(vm, KEV_BUS_MMIO, ADDR, 2, &val));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			kev_bus_write_nowait(vm, KEV_BUS_MMIO, ADDR + 8, 4,
					     &val));
	KUNIT_EXPECT_EQ(test, 0,
			kev_bus_write_nowait(vm, KEV_BUS_MMIO, ADDR + 0x10, 4,
					     &val));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_write_nowait(vm, KEV_BUS_MMIO, ADDR + 0xe, 4,
					     &val));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			kev_bus_read_nowait(vm, KEV_BUS_MMIO, ADDR + 4, 4));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			kev_bus_read_nowait(vm, KEV_BUS_MMIO, ADDR + 0x10, 4));
	KUNIT_EXPECT_EQ(test, 0, dev.calls);
	KUNIT_EXPECT_EQ(test, 2ULL, fake_eventfd_count(fd));
	kev_bus_unregister(vm, KEV_BUS_MMIO, &dev.dev);
}

static void iobus_devices_have_a_limit(struct kunit *test)
{
	struct fake_device dev = { .dev.ops = &fake_dev_ops };
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	unsigned int i;

	for (i = 0; i < KEV_MAX_BUS_DEVICES; i++)
		KUNIT_ASSERT_EQ(test, 0, kev_bus_register(vm, KEV_BUS_PIO, i, 1,
							  &dev.dev));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			kev_bus_register(vm, KEV_BUS_PIO, i, 1, &dev.dev));
	KUNIT_EXPECT_EQ(test, -ENOSPC, fake_io(vm, fd, 5, 1, PIO, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_io(vm, fd, 5, 1, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, kev_bus_register(vm, KEV_BUS_MMIO,
							U64_MAX, 2, &dev.dev));
	kev_bus_unregister(vm, KEV_BUS_PIO, &dev.dev);
}

/* The model: a flat list, and the rules as they are written. */

#define MODEL_MAX	64

/**
 * struct model - What should be registered
 * @nr:		Entries.
 * @args:	Of each; the fd tells it from the others.
 */
struct model {
	unsigned int nr;
	struct kvm_ioeventfd args[MODEL_MAX];
};

static bool model_wild(const struct kvm_ioeventfd *a)
{
	return !(a->flags & DATAMATCH);
}

static bool model_collides(const struct kvm_ioeventfd *a,
			   const struct kvm_ioeventfd *b)
{
	if (a->addr != b->addr || (a->flags & PIO) != (b->flags & PIO))
		return false;
	if (!a->len || !b->len)
		return true;
	return a->len == b->len && (model_wild(a) || model_wild(b) ||
				    a->datamatch == b->datamatch);
}

static bool model_hit(const struct kvm_ioeventfd *a, bool pio, u64 addr,
		      unsigned int len, u64 val)
{
	if (!!(a->flags & PIO) != pio || a->addr != addr)
		return false;
	if (!a->len)
		return true;
	if (a->len != len)
		return false;
	if (len < 8)
		val &= BIT_ULL(len * 8) - 1;
	return model_wild(a) || a->datamatch == val;
}

static void random_args(struct rnd_state *rnd, struct kvm_ioeventfd *args)
{
	static const u32 lens[] = { 0, 1, 2, 4, 8 };

	*args = (struct kvm_ioeventfd){
		.addr = ADDR + prandom_u32_state(rnd) % 6,
		.len = lens[prandom_u32_state(rnd) % ARRAY_SIZE(lens)],
		.datamatch = prandom_u32_state(rnd) % 3,
	};
	if (args->len && prandom_u32_state(rnd) % 2)
		args->flags |= DATAMATCH;
	if (prandom_u32_state(rnd) % 2)
		args->flags |= PIO;
}

static void model_assign(struct kunit *test, struct kev_vm *vm,
			 struct model *model, struct rnd_state *rnd, int fd)
{
	struct kvm_ioeventfd args;
	bool collides = false;
	unsigned int i;

	if (model->nr == MODEL_MAX)
		return;
	random_args(rnd, &args);
	args.fd = fd;
	for (i = 0; i < model->nr; i++)
		collides |= model_collides(&model->args[i], &args);

	KUNIT_EXPECT_EQ(test, collides ? -EEXIST : 0, kev_ioeventfd(vm, &args));
	if (!collides)
		model->args[model->nr++] = args;
}

static void model_deassign(struct kunit *test, struct kev_vm *vm,
			   struct model *model, struct rnd_state *rnd)
{
	struct kvm_ioeventfd args;
	unsigned int i;

	if (!model->nr)
		return;
	i = prandom_u32_state(rnd) % model->nr;
	args = model->args[i];
	args.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	KUNIT_EXPECT_EQ(test, 0, kev_ioeventfd(vm, &args));
	KUNIT_EXPECT_EQ(test, -ENOENT, kev_ioeventfd(vm, &args));
	model->args[i] = model->args[--model->nr];
}

static void model_write(struct kunit *test, struct kev_vm *vm,
			struct model *model, struct rnd_state *rnd)
{
	unsigned int len = 1 + prandom_u32_state(rnd) % 8;
	u64 addr = ADDR + prandom_u32_state(rnd) % 6;
	bool pio = prandom_u32_state(rnd) % 2;
	u64 val = prandom_u32_state(rnd) % 3;
	int hit = -1;
	unsigned int i;

	for (i = 0; i < model->nr; i++)
		if (model_hit(&model->args[i], pio, addr, len, val))
			hit = model->args[i].fd;

	KUNIT_EXPECT_EQ(test, hit >= 0,
			fake_write(vm, pio ? KEV_BUS_PIO : KEV_BUS_MMIO, addr,
				   len, val));
	if (hit >= 0)
		KUNIT_EXPECT_EQ(test, 1ULL, fake_eventfd_count(hit));
}

static void iobus_agrees_with_the_model(struct kunit *test)
{
	struct rnd_state rnd;
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	struct model *model;
	unsigned int step;
	int fd[8];

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	for (step = 0; step < ARRAY_SIZE(fd); step++)
		fd[step] = fake_eventfd(test, 0);

	prandom_seed_state(&rnd, 3141);
	for (step = 0; step < 20000; step++) {
		switch (prandom_u32_state(&rnd) % 4) {
		case 0:
			model_assign(test, vm, model, &rnd,
				     fd[step % ARRAY_SIZE(fd)]);
			break;
		case 1:
			model_deassign(test, vm, model, &rnd);
			break;
		default:
			model_write(test, vm, model, &rnd);
			break;
		}
	}
}

static void iobus_figures_count_what_was_taken(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	u64 signalled;

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, DATAMATCH, 1));
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, DATAMATCH, 2));
	fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 1);
	fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 2);
	fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 3);
	KUNIT_EXPECT_EQ(test, 2U, fake_stats(vm, &signalled));
	KUNIT_EXPECT_EQ(test, 2ULL, signalled);
	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, DATAMATCH |
					 KVM_IOEVENTFD_FLAG_DEASSIGN, 1));
	KUNIT_EXPECT_EQ(test, 1U, fake_stats(vm, &signalled));
	KUNIT_EXPECT_EQ(test, 2ULL, signalled);
}

#define INDEX_NR	1000

static u32 index_flags(unsigned int i)
{
	return i & 1 ? KVM_IOEVENTFD_FLAG_PIO : 0;
}

/* Is each of the first @nr there but for those that are a multiple of @gone? */
static void index_check(struct kunit *test, struct kev_vm *vm, unsigned int nr,
			unsigned int gone)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, !gone || i % gone,
				fake_write(vm, i & 1 ? KEV_BUS_PIO : KEV_BUS_MMIO,
					   ADDR + 8 * i, 4, 0));
}

/* Growth, holes, and what a tree is turned for. */
static void iobus_index_keeps_what_is_there(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	unsigned int round, i;
	u64 signalled;

	for (i = 0; i < INDEX_NR; i++)
		KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 8 * i, 4,
						 index_flags(i), 0));
	index_check(test, vm, INDEX_NR, 0);

	for (round = 3; round < 8; round++) {
		for (i = 0; i < INDEX_NR; i += round)
			KUNIT_ASSERT_EQ(test, 0,
					fake_io(vm, fd, ADDR + 8 * i, 4,
						index_flags(i) |
						KVM_IOEVENTFD_FLAG_DEASSIGN,
						0));
		index_check(test, vm, INDEX_NR, round);
		for (i = 0; i < INDEX_NR; i += round)
			KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR + 8 * i,
							 4, index_flags(i), 0));
		index_check(test, vm, INDEX_NR, 0);
	}
	KUNIT_EXPECT_EQ(test, (unsigned int)INDEX_NR,
			fake_stats(vm, &signalled));
}

/* What is there of one is not there for another. */
static void iobus_vms_share_no_address(struct kunit *test)
{
	struct fake_sink *sink;
	struct kev_vm *vm = fake_vm(test, &sink);
	struct kev_vm *other = fake_vm(test, &sink);
	int fd = fake_eventfd(test, 0);
	u64 signalled;

	KUNIT_ASSERT_EQ(test, 0, fake_io(vm, fd, ADDR, 4, 0, 0));
	KUNIT_EXPECT_FALSE(test, fake_write(other, KEV_BUS_MMIO, ADDR, 4, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			fake_io(other, fd, ADDR, 4,
				KVM_IOEVENTFD_FLAG_DEASSIGN, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_io(other, fd, ADDR, 0, 0, 0));
	KUNIT_EXPECT_TRUE(test, fake_write(other, KEV_BUS_MMIO, ADDR, 4, 0));
	KUNIT_EXPECT_TRUE(test, fake_write(vm, KEV_BUS_MMIO, ADDR, 4, 0));
	KUNIT_EXPECT_FALSE(test, fake_write(vm, KEV_BUS_MMIO, ADDR, 8, 0));
	KUNIT_EXPECT_EQ(test, 1u, fake_stats(vm, &signalled));
	KUNIT_EXPECT_EQ(test, 1ull, signalled);
	KUNIT_EXPECT_EQ(test, 1u, fake_stats(other, &signalled));
	KUNIT_EXPECT_EQ(test, 1ull, signalled);
}

static struct kunit_case iobus_cases[] = {
	KUNIT_CASE_PARAM(iobus_write_matches, hit_gen_params),
	KUNIT_CASE_PARAM(iobus_two_at_an_address, pair_gen_params),
	KUNIT_CASE(iobus_arguments_are_checked),
	KUNIT_CASE(iobus_deassign_needs_the_whole_tuple),
	KUNIT_CASE(iobus_fast_mmio_finds_length_zero_alone),
	KUNIT_CASE(iobus_reads_never_match),
	KUNIT_CASE(iobus_devices_are_tried_until_one_takes),
	KUNIT_CASE(iobus_nowait_calls_no_device),
	KUNIT_CASE(iobus_devices_have_a_limit),
	KUNIT_CASE(iobus_agrees_with_the_model),
	KUNIT_CASE(iobus_figures_count_what_was_taken),
	KUNIT_CASE(iobus_index_keeps_what_is_there),
	KUNIT_CASE(iobus_vms_share_no_address),
	{ }
};

static struct kunit_suite iobus_suite = {
	.name = "kev_iobus",
	.test_cases = iobus_cases,
};

kunit_test_suite(iobus_suite);
