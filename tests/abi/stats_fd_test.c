// SPDX-License-Identifier: GPL-2.0
/* KVM_GET_STATS_FD of a VM and of a vCPU: a file that describes itself. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kev_harness.h"

FIXTURE(stats) {
	struct kev_machine m;
	int fd;
	struct kvm_stats_header hdr;
	size_t desc_size;
};

FIXTURE_VARIANT(stats) {
	bool of_vcpu;
};

FIXTURE_VARIANT_ADD(stats, vm) {
	.of_vcpu = false,
};

FIXTURE_VARIANT_ADD(stats, vcpu) {
	.of_vcpu = true,
};

FIXTURE_SETUP(stats)
{
	KEV_REQUIRE_CAP(KVM_CAP_BINARY_STATS_FD);
	kev_machine_create(&self->m, KEV_CHIP_NONE, 1);
	self->fd = kev_ioctl_val(variant->of_vcpu ? self->m.vcpu[0] :
				 self->m.vm, KVM_GET_STATS_FD, 0);
	ASSERT_EQ((ssize_t)sizeof(self->hdr),
		  pread(self->fd, &self->hdr, sizeof(self->hdr), 0));
	self->desc_size = sizeof(struct kvm_stats_desc) + self->hdr.name_size;
}

FIXTURE_TEARDOWN(stats)
{
	close(self->fd);
	kev_machine_destroy(&self->m);
}

static struct kvm_stats_desc *read_descs(int fd,
					 const struct kvm_stats_header *hdr,
					 size_t desc_size)
{
	size_t size = desc_size * hdr->num_desc;
	struct kvm_stats_desc *descs = malloc(size);

	kev_assert(descs, "malloc");
	kev_assert(pread(fd, descs, size, hdr->desc_offset) == (ssize_t)size,
		   "read of the descriptors");
	return descs;
}

static struct kvm_stats_desc *desc_at(struct kvm_stats_desc *descs, size_t size,
				      unsigned int i)
{
	return (void *)((char *)descs + i * size);
}

TEST_F(stats, header_leads_to_the_parts_in_order)
{
	EXPECT_EQ(0, self->hdr.flags);
	EXPECT_LT(0, self->hdr.num_desc);
	EXPECT_LT(0, self->hdr.name_size);
	EXPECT_EQ(0, self->hdr.name_size % 8);
	EXPECT_LE(sizeof(self->hdr), self->hdr.id_offset);
	EXPECT_LE(self->hdr.id_offset + self->hdr.name_size,
		  self->hdr.desc_offset);
	EXPECT_LE(self->hdr.desc_offset +
		  self->desc_size * self->hdr.num_desc,
		  self->hdr.data_offset);
}

TEST_F(stats, id_is_a_terminated_name)
{
	char id[256] = {};

	ASSERT_LT(self->hdr.name_size, sizeof(id));
	ASSERT_EQ((ssize_t)self->hdr.name_size,
		  pread(self->fd, id, self->hdr.name_size,
			self->hdr.id_offset));
	EXPECT_LT(0, strnlen(id, self->hdr.name_size));
	EXPECT_GT(self->hdr.name_size, strnlen(id, self->hdr.name_size));
	EXPECT_EQ(0, strncmp(id, "kvm", 3));
}

TEST_F(stats, descriptors_are_well_formed)
{
	struct kvm_stats_desc *descs, *d;
	unsigned int i;

	descs = read_descs(self->fd, &self->hdr, self->desc_size);
	for (i = 0; i < self->hdr.num_desc; i++) {
		d = desc_at(descs, self->desc_size, i);
		EXPECT_LE(d->flags & KVM_STATS_TYPE_MASK, KVM_STATS_TYPE_MAX);
		EXPECT_LE(d->flags & KVM_STATS_UNIT_MASK, KVM_STATS_UNIT_MAX);
		EXPECT_LE(d->flags & KVM_STATS_BASE_MASK, KVM_STATS_BASE_MAX);
		EXPECT_LT(0, d->size);
		EXPECT_EQ(0, d->offset % sizeof(uint64_t));
		EXPECT_LT(0, strnlen(d->name, self->hdr.name_size));
		EXPECT_GT(self->hdr.name_size,
			  strnlen(d->name, self->hdr.name_size));
	}
	free(descs);
}

TEST_F(stats, names_are_unique)
{
	struct kvm_stats_desc *descs;
	unsigned int i, j;

	descs = read_descs(self->fd, &self->hdr, self->desc_size);
	for (i = 0; i < self->hdr.num_desc; i++)
		for (j = 0; j < i; j++)
			EXPECT_NE(0, strcmp(desc_at(descs, self->desc_size,
						    i)->name,
					    desc_at(descs, self->desc_size,
						    j)->name));
	free(descs);
}

TEST_F(stats, every_figure_can_be_read_where_its_descriptor_says)
{
	struct kvm_stats_desc *descs, *d;
	uint64_t val;
	unsigned int i;

	descs = read_descs(self->fd, &self->hdr, self->desc_size);
	for (i = 0; i < self->hdr.num_desc; i++) {
		d = desc_at(descs, self->desc_size, i);
		EXPECT_EQ((ssize_t)sizeof(val),
			  pread(self->fd, &val, sizeof(val),
				self->hdr.data_offset + d->offset));
	}
	free(descs);
}

TEST_F(stats, file_ends_with_its_last_figure)
{
	struct kvm_stats_desc *descs, *d;
	size_t end = 0, here;
	unsigned int i;
	char c;

	descs = read_descs(self->fd, &self->hdr, self->desc_size);
	for (i = 0; i < self->hdr.num_desc; i++) {
		d = desc_at(descs, self->desc_size, i);
		here = self->hdr.data_offset + d->offset +
		       d->size * sizeof(uint64_t);
		if (here > end)
			end = here;
	}
	EXPECT_EQ(1, pread(self->fd, &c, 1, end - 1));
	EXPECT_EQ(0, pread(self->fd, &c, 1, end));
	EXPECT_EQ(0, pread(self->fd, &c, 1, 1 << 30));
	free(descs);
}

TEST_F(stats, read_goes_on_where_it_stopped)
{
	struct kvm_stats_header hdr;

	ASSERT_EQ(8, read(self->fd, &hdr, 8));
	ASSERT_EQ((ssize_t)sizeof(hdr) - 8,
		  read(self->fd, (char *)&hdr + 8, sizeof(hdr) - 8));
	EXPECT_EQ(0, memcmp(&hdr, &self->hdr, sizeof(hdr)));
}

TEST_F(stats, read_of_odd_pieces_is_the_same_file)
{
	char whole[4096] = {}, pieces[4096] = {};
	ssize_t len = pread(self->fd, whole, sizeof(whole), 0), off, n;

	ASSERT_LT(0, len);
	for (off = 0; off < len; off += n) {
		n = pread(self->fd, pieces + off,
			  len - off < 13 ? len - off : 13, off);
		ASSERT_LT(0, n);
	}
	EXPECT_EQ(0, memcmp(whole, pieces, self->hdr.data_offset <
			    sizeof(whole) ? self->hdr.data_offset :
			    sizeof(whole)));
}

TEST_F(stats, read_into_bad_pointer_is_EFAULT)
{
	EXPECT_ERRNO(EFAULT, pread(self->fd, KEV_BAD_PTR(void), 8, 0));
}

TEST_F(stats, negative_offset_is_EINVAL)
{
	char c;

	EXPECT_ERRNO(EINVAL, pread(self->fd, &c, 1, -1));
}

TEST_F(stats, file_cannot_be_written)
{
	EXPECT_ERRNO(EBADF, write(self->fd, "x", 1));
	EXPECT_EQ(O_RDONLY, fcntl(self->fd, F_GETFL) & O_ACCMODE);
}

TEST_F(stats, each_call_gives_a_file_of_its_own)
{
	int other = kev_ioctl_val(variant->of_vcpu ? self->m.vcpu[0] :
				  self->m.vm, KVM_GET_STATS_FD, 0);
	struct kvm_stats_header hdr;

	ASSERT_EQ((ssize_t)sizeof(hdr), read(other, &hdr, sizeof(hdr)));
	ASSERT_EQ((ssize_t)sizeof(hdr), read(self->fd, &hdr, sizeof(hdr)));
	EXPECT_EQ(0, memcmp(&hdr, &self->hdr, sizeof(hdr)));
	close(other);
}

TEST_F(stats, no_free_fd_is_EMFILE)
{
	kev_exhaust_fds();
	EXPECT_ERRNO(EMFILE, __kev_ioctl_val(variant->of_vcpu ?
					     self->m.vcpu[0] : self->m.vm,
					     KVM_GET_STATS_FD, 0));
	kev_release_fds();
}

TEST_F(stats, file_can_be_read_when_all_else_is_closed)
{
	struct kvm_stats_header hdr;

	kev_machine_destroy(&self->m);
	self->m.nr_vcpus = 0;
	self->m.vm = -1;
	EXPECT_EQ((ssize_t)sizeof(hdr),
		  pread(self->fd, &hdr, sizeof(hdr), 0));
	EXPECT_EQ(0, memcmp(&hdr, &self->hdr, sizeof(hdr)));
}

/* The module's figures. */

FIXTURE(figures) {
	struct kev_machine m;
	int fd;
	int efd;
};

FIXTURE_SETUP(figures)
{
	KEV_REQUIRE_CAP(KVM_CAP_IRQFD);
	KEV_REQUIRE_MODULE("has no figures of this plane");
	KEV_REQUIRE_CHIP(KEV_CHIP_SPLIT);
	kev_machine_create(&self->m, KEV_CHIP_SPLIT, 1);
	self->fd = kev_ioctl_val(self->m.vm, KVM_GET_STATS_FD, 0);
	self->efd = kev_eventfd(0);
}

FIXTURE_TEARDOWN(figures)
{
	close(self->efd);
	close(self->fd);
	kev_machine_destroy(&self->m);
}

static int64_t figure(int fd, const char *name)
{
	struct kvm_stats_header hdr;
	struct kvm_stats_desc *descs, *d;
	int64_t val = -1;
	unsigned int i;
	size_t size;

	kev_assert(pread(fd, &hdr, sizeof(hdr), 0) == sizeof(hdr), "header");
	size = sizeof(*d) + hdr.name_size;
	descs = read_descs(fd, &hdr, size);
	for (i = 0; i < hdr.num_desc; i++) {
		d = desc_at(descs, size, i);
		if (!strcmp(d->name, name))
			kev_assert(pread(fd, &val, sizeof(val),
					 hdr.data_offset + d->offset) ==
				   sizeof(val), "figure");
	}
	free(descs);
	return val;
}

TEST_F(figures, irqfds_counts_what_is_assigned)
{
	EXPECT_EQ(0, figure(self->fd, "irqfds"));
	irqfd_assign(self->m.vm, self->efd, 24);
	EXPECT_EQ(1, figure(self->fd, "irqfds"));
	irqfd_deassign(self->m.vm, self->efd, 24);
	EXPECT_EQ(0, figure(self->fd, "irqfds"));
}

TEST_F(figures, signals_are_counted_by_what_became_of_them)
{
	set_msi_route(self->m.vm, 24, 0, 0x51);
	irqfd_assign(self->m.vm, self->efd, 24);
	/* From here on a message needs no work item, which would count later. */
	signal_msi(self->m.vm, KEV_MSI_DEST(0), 0x31);
	kev_signal(self->efd);
	EXPECT_EQ(1, figure(self->fd, "irqfd_signalled"));
	EXPECT_EQ(1, figure(self->fd, "irqfd_injected"));
	EXPECT_EQ(0, figure(self->fd, "irqfd_dropped"));
}

TEST_F(figures, signals_without_a_route_are_counted_as_dropped)
{
	irqfd_assign(self->m.vm, self->efd, 24);
	kev_signal(self->efd);
	EXPECT_EQ(1, figure(self->fd, "irqfd_signalled"));
	EXPECT_EQ(0, figure(self->fd, "irqfd_injected"));
	EXPECT_EQ(1, figure(self->fd, "irqfd_dropped"));
}

TEST_F(figures, signals_of_a_deassigned_irqfd_stay_counted)
{
	set_msi_route(self->m.vm, 24, 0, 0x51);
	irqfd_assign(self->m.vm, self->efd, 24);
	kev_signal(self->efd);
	irqfd_deassign(self->m.vm, self->efd, 24);
	EXPECT_EQ(1, figure(self->fd, "irqfd_signalled"));
	EXPECT_EQ(1, figure(self->fd, "irqfd_injected"));
}

TEST_F(figures, next_irqfd_begins_with_none)
{
	set_msi_route(self->m.vm, 24, 0, 0x51);
	irqfd_assign(self->m.vm, self->efd, 24);
	kev_signal(self->efd);
	irqfd_deassign(self->m.vm, self->efd, 24);
	irqfd_assign(self->m.vm, self->efd, 24);
	EXPECT_EQ(1, figure(self->fd, "irqfd_signalled"));
	kev_signal(self->efd);
	EXPECT_EQ(2, figure(self->fd, "irqfd_signalled"));
}

#define ROUNDS	1000

/**
 * struct watch - A thread that reads a count over and over
 * @fd:		The stats fd.
 * @over:	It may end.
 * @fell:	The count was once less than before.
 */
struct watch {
	int fd;
	atomic_bool over;
	bool fell;
};

static void *watch_thread(void *arg)
{
	struct watch *watch = arg;
	int64_t last = 0;
	int64_t now;

	while (!atomic_load(&watch->over)) {
		now = figure(watch->fd, "irqfd_signalled");
		watch->fell |= now < last;
		last = now;
	}
	return NULL;
}

/* A cumulative count, whatever happens to the irqfds that were signalled. */
TEST_F(figures, counts_never_fall)
{
	struct watch watch = { .fd = self->fd };
	pthread_t thread;
	unsigned int i;

	set_msi_route(self->m.vm, 24, 0, 0x51);
	ASSERT_EQ(0, pthread_create(&thread, NULL, watch_thread, &watch));
	for (i = 0; i < ROUNDS; i++) {
		irqfd_assign(self->m.vm, self->efd, 24);
		kev_signal(self->efd);
		irqfd_deassign(self->m.vm, self->efd, 24);
	}
	atomic_store(&watch.over, true);
	pthread_join(thread, NULL);
	EXPECT_FALSE(watch.fell);
	EXPECT_EQ(ROUNDS, figure(self->fd, "irqfd_signalled"));
}

TEST_F(figures, doorbells_are_counted)
{
	ioeventfd_assign(self->m.vm, self->efd, 0x1000, 4, 0, 0);
	EXPECT_EQ(1, figure(self->fd, "ioeventfds"));
	vcpu_write(self->m.vcpu[0], 0x1000, 0, 4);
	vcpu_write(self->m.vcpu[0], 0x1000, 0, 4);
	EXPECT_EQ(2, figure(self->fd, "ioeventfd_signalled"));
	ioeventfd_deassign(self->m.vm, self->efd, 0x1000, 4, 0, 0);
	EXPECT_EQ(0, figure(self->fd, "ioeventfds"));
}

TEST_HARNESS_MAIN
