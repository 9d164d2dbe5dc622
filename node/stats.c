// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_GET_STATS_FD: statistics in KVM's binary format.
 *
 * A file is header, name, descriptors, data.  It is small, so each read fills
 * one and copies the part that was asked for.
 */
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <kev/machine/machine.h>
#include <kev/machine/vcpu.h>
#include <kev/node/file.h>
#include <kev/node/stats.h>
#include <kev/node/vm_fd.h>
#include <kev/plane/eventfd.h>
#include <kev/plane/ioeventfd.h>
#include <kev/plane/vm.h>

#define STATS_NAME_SIZE	48

/* As struct kvm_stats_desc, whose name is as long as the header says. */
struct stats_desc {
	u32 flags;
	s16 exponent;
	u16 size;
	u32 offset;
	u32 bucket_size;
	char name[STATS_NAME_SIZE];
};

#define STATS_CUMULATIVE(_nr, _name)					\
	{								\
		.flags = KVM_STATS_TYPE_CUMULATIVE |			\
			 KVM_STATS_UNIT_NONE | KVM_STATS_BASE_POW10,	\
		.size = 1,						\
		.offset = (_nr) * sizeof(u64),				\
		.name = (_name),					\
	}

#define STATS_INSTANT(_nr, _name)					\
	{								\
		.flags = KVM_STATS_TYPE_INSTANT |			\
			 KVM_STATS_UNIT_NONE | KVM_STATS_BASE_POW10,	\
		.size = 1,						\
		.offset = (_nr) * sizeof(u64),				\
		.name = (_name),					\
	}

static const struct stats_desc vm_descs[] = {
	STATS_INSTANT(0, "irqfds"),
	STATS_CUMULATIVE(1, "irqfd_signalled"),
	STATS_CUMULATIVE(2, "irqfd_injected"),
	STATS_CUMULATIVE(3, "irqfd_coalesced"),
	STATS_CUMULATIVE(4, "irqfd_dropped"),
	STATS_INSTANT(5, "ioeventfds"),
	STATS_CUMULATIVE(6, "ioeventfd_signalled"),
};

static const struct stats_desc vcpu_descs[] = {
	STATS_CUMULATIVE(0, "events_acked"),
};

static void vm_stats(struct kev_vm *vm, u64 *data)
{
	struct kev_irqfd_stats sum;

	data[0] = kev_irqfds_stats(vm, &sum);
	data[1] = sum.signalled;
	data[2] = sum.injected;
	data[3] = sum.coalesced;
	data[4] = sum.dropped;
	data[5] = kev_ioeventfds_stats(&vm->ioeventfds, &data[6]);
}

/**
 * struct stats_file - The whole of a stats file
 * @header:	KVM's.
 * @name:	Whose statistics.
 * @body:	Descriptors, then data.
 */
struct stats_file {
	struct kvm_stats_header header;
	char name[STATS_NAME_SIZE];
	u8 body[ARRAY_SIZE(vm_descs) * (sizeof(struct stats_desc) +
					sizeof(u64))];
};

/* Lay out all but the data; returns where that goes. */
static u64 *stats_fill(struct stats_file *stats, const struct stats_desc *descs,
		       unsigned int nr)
{
	u32 descs_size = nr * sizeof(*descs);

	BUILD_BUG_ON(offsetof(struct stats_desc, name) !=
		     offsetof(struct kvm_stats_desc, name));

	stats->header = (struct kvm_stats_header){
		.name_size = STATS_NAME_SIZE,
		.num_desc = nr,
		.id_offset = offsetof(struct stats_file, name),
		.desc_offset = offsetof(struct stats_file, body),
		.data_offset = offsetof(struct stats_file, body) + descs_size,
	};
	memcpy(stats->body, descs, descs_size);
	return (u64 *)(stats->body + descs_size);
}

static ssize_t stats_copy(const struct stats_file *stats, char __user *buf,
			  size_t len, loff_t *off)
{
	return simple_read_from_buffer(buf, len, off, stats,
				       stats->header.data_offset +
				       stats->header.num_desc * sizeof(u64));
}

static ssize_t vm_stats_read(struct file *file, char __user *buf, size_t len,
			     loff_t *off)
{
	struct kev_machine *machine = file->private_data;
	struct stats_file *stats;
	ssize_t ret;

	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;

	snprintf(stats->name, sizeof(stats->name), "kvm-eventfd-vm");
	vm_stats(machine->vm, stats_fill(stats, vm_descs, ARRAY_SIZE(vm_descs)));
	ret = stats_copy(stats, buf, len, off);
	kfree(stats);
	return ret;
}

static int vm_stats_release(struct inode *inode, struct file *file)
{
	struct kev_machine *machine = file->private_data;

	if (machine)
		kev_machine_put(machine);
	return 0;
}

static const struct file_operations vm_stats_fops = {
	.owner		= THIS_MODULE,
	.read		= vm_stats_read,
	.release	= vm_stats_release,
	.llseek		= noop_llseek,
};

static ssize_t vcpu_stats_read(struct file *file, char __user *buf, size_t len,
			       loff_t *off)
{
	struct kev_vcpu *vcpu = file->private_data;
	struct stats_file *stats;
	ssize_t ret;
	u64 *data;

	stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	if (!stats)
		return -ENOMEM;

	snprintf(stats->name, sizeof(stats->name), "kvm-eventfd-vcpu-%u",
		 vcpu->id);
	data = stats_fill(stats, vcpu_descs, ARRAY_SIZE(vcpu_descs));
	data[0] = READ_ONCE(vcpu->acked);
	ret = stats_copy(stats, buf, len, off);
	kfree(stats);
	return ret;
}

static int vcpu_stats_release(struct inode *inode, struct file *file)
{
	struct kev_vcpu *vcpu = file->private_data;

	if (vcpu)
		kev_machine_put(vcpu->machine);
	return 0;
}

static const struct file_operations vcpu_stats_fops = {
	.owner		= THIS_MODULE,
	.read		= vcpu_stats_read,
	.release	= vcpu_stats_release,
	.llseek		= noop_llseek,
};

static int stats_fd(const char *name, const struct file_operations *fops,
		    struct kev_machine *machine, void *obj)
{
	struct kev_fd fd;
	int ret;

	ret = kev_fd_prepare(&fd, name, fops, O_RDONLY, FMODE_PREAD);
	if (ret)
		return ret;

	kev_machine_get(machine);
	return kev_fd_commit(&fd, obj);
}

/**
 * kev_vm_stats_fd - KVM_GET_STATS_FD of a VM
 * @machine:	The VM's; the fd keeps it alive.
 *
 * Context: Process context.
 * Return: The fd; -EMFILE, -ENFILE, -ENOMEM.
 */
int kev_vm_stats_fd(struct kev_machine *machine)
{
	return stats_fd("kvm-eventfd-vm-stats", &vm_stats_fops, machine,
			machine);
}

/**
 * kev_vcpu_stats_fd - KVM_GET_STATS_FD of a vCPU
 * @vcpu:	The vCPU; the fd keeps its VM alive.
 *
 * Context: Process context.
 * Return: The fd; -EMFILE, -ENFILE, -ENOMEM.
 */
int kev_vcpu_stats_fd(struct kev_vcpu *vcpu)
{
	return stats_fd("kvm-eventfd-vcpu-stats", &vcpu_stats_fops,
			vcpu->machine, vcpu);
}
