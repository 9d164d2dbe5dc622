// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU fd: the guest's side of the plane, driven by an emulator.
 *
 * pread and pwrite are the guest's accesses, KVM_EVENTFD_ACK_INTERRUPT is the
 * CPU taking its next event, poll and the mapped pending word tell when there
 * is one.  An access takes no lock here; ioctls take the vCPU's mutex.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/compat.h>
#include <kev/base/limits.h>
#include <kev/machine/ioctl.h>
#include <kev/machine/machine.h>
#include <kev/machine/vcpu.h>
#include <kev/node/coalesced.h>
#include <kev/node/file.h>
#include <kev/node/stats.h>
#include <kev/node/vcpu_fd.h>
#include <kev/node/vm_fd.h>

/* An access of the guest */

/**
 * struct kev_access - An offset of the vCPU fd, decoded
 * @bus:	Where; or ACCESS_MSR.
 * @addr:	Address there.
 */
struct kev_access {
	enum kev_bus bus;
	u64 addr;
};

/* Not a bus: registers that a CPU reaches by number. */
#define ACCESS_MSR	KEV_NR_BUSES

/* @addr to @addr + @len lies in a space of @size addresses. */
static bool access_fits(u64 addr, size_t len, u64 size)
{
	return addr < size && len <= size - addr;
}

/* Nothing is touched before this agrees. */
static int access_decode(loff_t off, size_t len, struct kev_access *access)
{
	u64 addr = off;

	if (addr < BIT_ULL(KVM_EVENTFD_GPA_BITS)) {
		access->bus = KEV_BUS_MMIO;
		access->addr = addr;
		return len <= 8 &&
		       access_fits(addr, len, BIT_ULL(KVM_EVENTFD_GPA_BITS)) ?
		       0 : -EINVAL;
	}
	if (addr & KVM_EVENTFD_OFF_PIO) {
		access->bus = KEV_BUS_PIO;
		access->addr = addr - KVM_EVENTFD_OFF_PIO;
		return (len == 1 || len == 2 || len == 4) &&
		       access_fits(access->addr, len, BIT_ULL(16)) ?
		       0 : -EINVAL;
	}
	if (addr & KVM_EVENTFD_OFF_CCW) {
		access->bus = KEV_BUS_CCW;
		access->addr = addr - KVM_EVENTFD_OFF_CCW;
		return len >= 1 && len <= 8 &&
		       access_fits(access->addr, 1, BIT_ULL(32)) ? 0 : -EINVAL;
	}
	if (addr & KVM_EVENTFD_OFF_MSR) {
		access->bus = ACCESS_MSR;
		access->addr = addr - KVM_EVENTFD_OFF_MSR;
		return len == 8 && access_fits(access->addr, 1, BIT_ULL(32)) ?
		       0 : -EINVAL;
	}
	return -EINVAL;
}

static bool access_is_private(const struct kev_vcpu *vcpu,
			      const struct kev_access *access)
{
	return access->bus == KEV_BUS_MMIO &&
	       access->addr >> 12 == READ_ONCE(vcpu->private_page);
}

static noinline int msr_write(struct kev_vcpu *vcpu, u32 msr, const void *val)
{
	const struct kev_machine_ops *ops = vcpu->machine->ops;

	if (!ops->msr_write)
		return -EOPNOTSUPP;
	return ops->msr_write(vcpu, msr, get_unaligned_le64(val));
}

static int msr_read(struct kev_vcpu *vcpu, u32 msr, void *val)
{
	const struct kev_machine_ops *ops = vcpu->machine->ops;
	u64 data;
	int ret;

	if (!ops->msr_read)
		return -EOPNOTSUPP;
	ret = ops->msr_read(vcpu, msr, &data);
	if (!ret)
		put_unaligned_le64(data, val);
	return ret;
}

static __always_inline int
access_write(struct kev_vcpu *vcpu, const struct kev_access *access,
	     unsigned int len, const void *val)
{
	const struct kev_machine_ops *ops = vcpu->machine->ops;

	if (!len)
		return kev_bus_write_fast(vcpu->machine->vm, access->addr);
	if (access_is_private(vcpu, access) &&
	    !ops->mmio_write(vcpu, access->addr, len, val))
		return 0;
	if (unlikely(access->bus == ACCESS_MSR))
		return msr_write(vcpu, access->addr, val);
	return kev_bus_write(vcpu->machine->vm, access->bus, access->addr, len,
			     val);
}

static int access_read(struct kev_vcpu *vcpu, const struct kev_access *access,
		       unsigned int len, void *val)
{
	const struct kev_machine_ops *ops = vcpu->machine->ops;

	if (access_is_private(vcpu, access) &&
	    !ops->mmio_read(vcpu, access->addr, len, val))
		return 0;
	if (access->bus == ACCESS_MSR)
		return msr_read(vcpu, access->addr, val);
	return kev_bus_read(vcpu->machine->vm, access->bus, access->addr, len,
			    val);
}

/* A doorbell by pwrite(); write_iter serves the vectored calls and io_uring. */
static ssize_t vcpu_write(struct file *file, const char __user *buf, size_t len,
			  loff_t *off)
{
	struct kev_vcpu *vcpu = file->private_data;
	struct kev_access access;
	u64 val = 0;
	int ret;

	ret = access_decode(*off, len, &access);
	if (ret)
		return ret;
	if (copy_from_user(&val, buf, len))
		return -EFAULT;

	ret = access_write(vcpu, &access, len, &val);
	return ret ? ret : len;
}

static ssize_t vcpu_read(struct file *file, char __user *buf, size_t len,
			 loff_t *off)
{
	struct kev_vcpu *vcpu = file->private_data;
	struct kev_access access;
	u64 val = 0;
	int ret;

	ret = access_decode(*off, len, &access);
	if (!ret && !len)
		ret = -EINVAL;
	if (ret)
		return ret;

	/* A read that changes a register must not be made when nobody sees it. */
	if (clear_user(buf, len))
		return -EFAULT;

	ret = access_read(vcpu, &access, len, &val);
	if (ret)
		return ret;
	return copy_to_user(buf, &val, len) ? -EFAULT : len;
}

/*
 * A caller that must not wait gets EAGAIN where a chip or another device is next,
 * because those take mutexes; then nothing was touched.  An ioeventfd makes nobody
 * wait.
 */
static int access_write_nowait(struct kev_vcpu *vcpu,
			       const struct kev_access *access,
			       unsigned int len, const void *val)
{
	if (!len)
		return kev_bus_write_fast(vcpu->machine->vm, access->addr);
	if (access_is_private(vcpu, access) || access->bus == ACCESS_MSR)
		return -EAGAIN;
	return kev_bus_write_nowait(vcpu->machine->vm, access->bus,
				    access->addr, len, val);
}

static int access_read_nowait(struct kev_vcpu *vcpu,
			      const struct kev_access *access, unsigned int len)
{
	if (access_is_private(vcpu, access) || access->bus == ACCESS_MSR)
		return -EAGAIN;
	return kev_bus_read_nowait(vcpu->machine->vm, access->bus,
				   access->addr, len);
}

/*
 * io_uring would wait with a read that gets EAGAIN until poll() tells of input,
 * which here is an interrupt and no register: its reads are made at once.
 */
static bool read_is_nowait(struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT && is_sync_kiocb(iocb);
}

/*
 * io_uring takes EOPNOTSUPP from a non-blocking call for "try again where it
 * may block", in a worker or once poll() says so.  A miss is final, so such a
 * call gets another errno for it.
 */
static int access_iter_errno(const struct kiocb *iocb, int ret)
{
	if (ret == -EOPNOTSUPP && (iocb->ki_flags & IOCB_NOWAIT))
		return -ENXIO;
	return ret;
}

static ssize_t vcpu_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct kev_vcpu *vcpu = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	struct kev_access access;
	u64 val = 0;
	int ret;

	ret = access_decode(iocb->ki_pos, len, &access);
	if (ret)
		return ret;
	if (!copy_from_iter_full(&val, len, from))
		return -EFAULT;

	if (iocb->ki_flags & IOCB_NOWAIT)
		ret = access_write_nowait(vcpu, &access, len, &val);
	else
		ret = access_write(vcpu, &access, len, &val);
	/* The caller tries again with the same data. */
	if (ret == -EAGAIN)
		iov_iter_revert(from, len);
	return ret ? access_iter_errno(iocb, ret) : len;
}

static ssize_t vcpu_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct kev_vcpu *vcpu = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(to);
	struct kev_access access;
	u64 val = 0;
	int ret;

	ret = access_decode(iocb->ki_pos, len, &access);
	if (!ret && !len)
		ret = -EINVAL;
	if (ret)
		return ret;
	if (fault_in_iov_iter_writeable(to, len))
		return -EFAULT;

	if (read_is_nowait(iocb))
		ret = access_read_nowait(vcpu, &access, len);
	else
		ret = access_read(vcpu, &access, len, &val);
	if (ret)
		return access_iter_errno(iocb, ret);
	return copy_to_iter(&val, len, to) == len ? len : -EFAULT;
}

/* Writing never blocks; reading tells of an event to take. */
static __poll_t vcpu_poll(struct file *file, poll_table *wait)
{
	struct kev_vcpu *vcpu = file->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	kev_poll_wait(file, vcpu->waiters, wait);
	if (vcpu->machine->ops->has_event(vcpu))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/* The mapping */

static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct kev_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff >= KEV_VCPU_PAGES)
		return VM_FAULT_SIGBUS;

	vmf->page = vcpu->page[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

/* ioctls */

static long vcpu_ack_interrupt(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_eventfd_interrupt __user *user = (void __user *)uarg;
	struct kvm_eventfd_interrupt *intr = arg;
	struct kev_vcpu *vcpu = obj;
	int ret;

	/* An event that cannot be handed over must not be taken. */
	if (clear_user(user, sizeof(*user)))
		return -EFAULT;

	*intr = (struct kvm_eventfd_interrupt){ };
	ret = vcpu->machine->ops->ack(vcpu, intr);
	if (!ret)
		WRITE_ONCE(vcpu->acked, vcpu->acked + 1);
	return ret;
}

/* Without @fetch, @ack tells all that there is to know. */
static int vcpu_fetch_event(struct kev_vcpu *vcpu,
			    struct kvm_eventfd_event *event)
{
	const struct kev_machine_ops *ops = vcpu->machine->ops;
	struct kvm_eventfd_interrupt intr = { };
	int ret;

	if (ops->fetch)
		return ops->fetch(vcpu, event);

	ret = ops->ack(vcpu, &intr);
	event->type = intr.type;
	event->vector = intr.vector;
	return ret;
}

static long vcpu_fetch(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_eventfd_event __user *user = (void __user *)uarg;
	struct kvm_eventfd_event *event = arg;
	struct kev_vcpu *vcpu = obj;
	int ret;

	/* An event that cannot be handed over must not be taken. */
	if (clear_user(user, sizeof(*user)))
		return -EFAULT;

	*event = (struct kvm_eventfd_event){ };
	ret = vcpu_fetch_event(vcpu, event);
	if (!ret)
		WRITE_ONCE(vcpu->acked, vcpu->acked + 1);
	return ret;
}

static long vcpu_get_stats_fd(void *obj, void *arg, unsigned long uarg)
{
	return kev_vcpu_stats_fd(obj);
}

/* No capability can be enabled on a vCPU. */
static long vcpu_enable_cap(void *obj, void *arg, unsigned long uarg)
{
	return -EINVAL;
}

/*
 * Nothing here runs guest code.  A caller that sets immediate_exit asks for just that,
 * and gets KVM's EINTR.
 */
static long vcpu_run(void *obj, void *arg, unsigned long uarg)
{
	const struct kev_vcpu *vcpu = obj;
	const struct kvm_run *run = page_address(vcpu->page[KVM_EVENTFD_PAGE_RUN]);

	if (uarg)
		return -EINVAL;
	return kev_immediate_exit(run) ? -EINTR : -EOPNOTSUPP;
}

static const struct kev_ioctl vcpu_ioctls[] = {
	KEV_IOCTL(KVM_EVENTFD_ACK_INTERRUPT, KEV_OUT, vcpu_ack_interrupt),
	KEV_IOCTL(KVM_EVENTFD_FETCH,	KEV_OUT, vcpu_fetch),
	KEV_IOCTL(KVM_GET_STATS_FD,	0,	vcpu_get_stats_fd),
	KEV_IOCTL(KVM_RUN,		0,	vcpu_run),
	KEV_IOCTL(KVM_ENABLE_CAP,	KEV_IN,	vcpu_enable_cap),
	KEV_IOCTL_END
};

/* KVM's vCPU ioctls that are not here are ENOTTY; others EINVAL, as in KVM. */
static bool is_kvm_vcpu_ioctl(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == KVMIO &&
	       _IOC_NR(cmd) >= 0x80 && _IOC_NR(cmd) < 0xe0;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kev_vcpu *vcpu = file->private_data;
	long ret;

	if (vcpu->machine->mm != current->mm)
		return -EIO;
	if (_IOC_TYPE(cmd) != KVMIO && _IOC_TYPE(cmd) != KVM_EVENTFD_IO)
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;

	ret = kev_ioctl_dispatch(vcpu_ioctls, vcpu, cmd, arg);
	if (ret == -ENOTTY)
		ret = kev_ioctl_dispatch(vcpu->machine->ops->vcpu_ioctls, vcpu, cmd,
					 arg);
	mutex_unlock(&vcpu->mutex);

	if (ret == -ENOTTY && !is_kvm_vcpu_ioctl(cmd))
		ret = -EINVAL;
	return ret;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct kev_vcpu *vcpu = file->private_data;

	if (vcpu)
		kev_machine_put(vcpu->machine);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner		= THIS_MODULE,
	.release	= vcpu_release,
	.read		= vcpu_read,
	.write		= vcpu_write,
	.read_iter	= vcpu_read_iter,
	.write_iter	= vcpu_write_iter,
	.poll		= vcpu_poll,
	.mmap		= vcpu_mmap,
	.unlocked_ioctl	= vcpu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* Birth and end */

static void vcpu_free(struct kev_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < KEV_VCPU_PAGES; i++)
		if (vcpu->page[i])
			__free_page(vcpu->page[i]);
	kfree(vcpu);
}

/* All vCPUs of a VM share one ring. */
static struct page *vcpu_page(struct kev_machine *machine, unsigned int index)
{
	if (index == KVM_EVENTFD_PAGE_COALESCED)
		return kev_coalesced_page(machine);
	return alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}

static struct kev_vcpu *vcpu_alloc(struct kev_machine *machine, u32 id)
{
	struct kev_vcpu *vcpu;
	unsigned int i;

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return NULL;

	for (i = 0; i < KEV_VCPU_PAGES; i++) {
		vcpu->page[i] = vcpu_page(machine, i);
		if (!vcpu->page[i]) {
			vcpu_free(vcpu);
			return NULL;
		}
	}
	vcpu->machine = machine;
	vcpu->id = id;
	vcpu->private_page = ~0ULL;
	vcpu->state = page_address(vcpu->page[KVM_EVENTFD_PAGE_STATE]);
	mutex_init(&vcpu->mutex);
	kev_waitqueue_init(&vcpu->own_waiters);
	vcpu->waiters = &vcpu->own_waiters;
	return vcpu;
}

/*
 * May there be a vCPU of this id?  Without machine->lock the answer may be old; it is
 * asked again under it.
 */
static int vcpu_id_check(struct kev_machine *machine, unsigned long id)
{
	if (id >= (READ_ONCE(machine->max_vcpu_ids) ?: kev_max_vcpu_ids()) ||
	    READ_ONCE(machine->created_vcpus) >= kev_max_vcpus())
		return -EINVAL;

	return xa_load(&machine->vcpus, id) ? -EEXIST : 0;
}

/* Under machine->lock; publication is the last thing that can fail. */
static int vcpu_publish(struct kev_vcpu *vcpu)
{
	struct kev_machine *machine = vcpu->machine;
	int ret;

	lockdep_assert_held(&machine->lock);

	ret = vcpu_id_check(machine, vcpu->id);
	if (ret)
		return ret;

	ret = xa_reserve(&machine->vcpus, vcpu->id, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = machine->ops->vcpu_create(vcpu);
	if (ret) {
		xa_release(&machine->vcpus, vcpu->id);
		return ret;
	}
	xa_store(&machine->vcpus, vcpu->id, vcpu, GFP_KERNEL_ACCOUNT);
	WRITE_ONCE(machine->created_vcpus, machine->created_vcpus + 1);
	/* The first vCPU settles how many ids there are. */
	if (!machine->max_vcpu_ids)
		WRITE_ONCE(machine->max_vcpu_ids, kev_max_vcpu_ids());
	machine->ops->vcpu_published(vcpu);
	return 0;
}

/**
 * kev_vcpu_create - KVM_CREATE_VCPU without the fd
 * @machine:	The machine, which owns the vCPU from then on.
 * @id:		Below the VM's limit of ids, and not taken.
 *
 * Context: Process context; takes machine->lock.
 * Return: The vCPU; or an ERR_PTR() of -EINVAL: @id, or kev_max_vcpus()
 *	   are there; -EEXIST; -ENOSPC: enough timers; -ENOMEM.
 */
struct kev_vcpu *kev_vcpu_create(struct kev_machine *machine, unsigned long id)
{
	struct kev_vcpu *vcpu;
	int ret;

	ret = vcpu_id_check(machine, id);
	if (ret)
		return ERR_PTR(ret);

	vcpu = vcpu_alloc(machine, id);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);

	mutex_lock(&machine->lock);
	ret = vcpu_publish(vcpu);
	mutex_unlock(&machine->lock);
	if (ret) {
		vcpu_free(vcpu);
		return ERR_PTR(ret);
	}
	return vcpu;
}

/**
 * kev_vcpu_destroy - Free a vCPU
 * @vcpu:	Of a VM that nobody uses any more.
 *
 * Context: Process context.
 */
void kev_vcpu_destroy(struct kev_vcpu *vcpu)
{
	vcpu->machine->ops->vcpu_destroy(vcpu);
	kev_waitqueue_destroy(vcpu->machine->vm, &vcpu->own_waiters);
	vcpu_free(vcpu);
}

/**
 * kev_vcpu_create_fd - KVM_CREATE_VCPU
 * @machine:	The machine.
 * @id:		As for kev_vcpu_create().
 *
 * Context: Process context; takes machine->lock.
 * Return: The fd, which holds a reference to @machine; -EMFILE, -ENFILE, or the
 *	   errno of kev_vcpu_create().
 */
int kev_vcpu_create_fd(struct kev_machine *machine, unsigned long id)
{
	struct kev_vcpu *vcpu;
	struct kev_fd fd;
	int ret;

	/* As KVM: what is wrong with the id is found before a lack of fds. */
	ret = vcpu_id_check(machine, id);
	if (ret)
		return ret;

	ret = kev_fd_prepare(&fd, "kvm-eventfd-vcpu", &vcpu_fops, O_RDWR,
			     FMODE_PREAD | FMODE_PWRITE | FMODE_NOWAIT);
	if (ret)
		return ret;
	/* A call without an offset has no address: EINVAL. */
	fd.file->f_pos = -1;

	vcpu = kev_vcpu_create(machine, id);
	if (IS_ERR(vcpu)) {
		kev_fd_abort(&fd);
		return PTR_ERR(vcpu);
	}
	kev_machine_get(machine);
	return kev_fd_commit(&fd, vcpu);
}
