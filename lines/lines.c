// SPDX-License-Identifier: GPL-2.0
/*
 * The machine without an interrupt controller: GSI lines that the emulator's own
 * takes its inputs from.  On any architecture.
 *
 * A line is taken by one CPU, lowest number first, and ended by an EOI; in between
 * it is busy and not taken again.  What makes it ready is a level, or an edge that
 * is kept until it is taken.  Messages (msi.c) come behind the lines.
 *
 * The node calls in through kev_lines_machine, the plane through the sink's
 * ops.  Everything is under kev_lines.lock, which deliveries take in any context;
 * ack notifiers are called without it.
 */
#include <linux/kvm.h>
#include <linux/kvm_eventfd.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <uapi/linux/kvm_eventfd.h>

#include <kev/base/batch.h>
#include <kev/base/limits.h>
#include <kev/lines/lines.h>
#include <kev/machine/ioctl.h>

/* The answer to a delivery that nothing is there for. */
#define IGNORED		(-1)

/* State */

/**
 * kev_lines_publish - Tell all CPUs when there begins or ceases to be something
 * @lines:	The lines.
 *
 * Context: Under @lines' lock.
 */
void kev_lines_publish(struct kev_lines *lines)
{
	bool pending = lines->ready.summary ||
		       !bitmap_empty(lines->chunks, KEV_CHUNKS) ||
		       kev_adapters_pending(lines);
	struct kev_lines_cpu *cpu;

	lockdep_assert_held(&lines->lock);

	if (pending == lines->pending)
		return;

	WRITE_ONCE(lines->pending, pending);
	list_for_each_entry(cpu, &lines->cpus, node)
		kev_vcpu_set_pending(cpu->vcpu, pending);
	if (pending)
		kev_waitqueue_wake(lines->machine.vm, &lines->waiters);
}

/* After each change of a line's state. */
static void line_update(struct kev_lines *lines, unsigned int nr)
{
	struct kev_line *line = &lines->line[nr];

	lockdep_assert_held(&lines->lock);

	if (!line->busy &&
	    (line->edge || (line->level && !line->edge_triggered)))
		kev_chunk_add(&lines->ready, nr);
	else
		kev_chunk_del(&lines->ready, nr);
	kev_lines_publish(lines);
}

/* Returns whether it is one more interrupt. */
static bool line_edge(struct kev_line *line)
{
	bool first = !line->edge;

	line->edge = true;
	return first;
}

static int line_level(struct kev_line *line, const struct kev_irq *irq)
{
	u8 was = line->level;

	if (!irq->level) {
		line->level &= ~BIT(irq->source);
		return 1;
	}
	line->level |= BIT(irq->source);
	if (was)
		return 0;
	return line->edge_triggered ? line_edge(line) : 1;
}

/* The fall of a pulse changes nothing. */
static int line_change(struct kev_line *line, const struct kev_irq *irq)
{
	if (!irq->pulse)
		return line_level(line, irq);
	return irq->level ? line_edge(line) : 1;
}

/* What the plane asks of its sink */

static int lines_irqfd_allowed(void *sink, bool resample)
{
	return 0;
}

static int lines_routing_allowed(void *sink)
{
	return 0;
}

static int set_line_route(const struct kvm_irq_routing_entry *ue,
			  struct kev_route *route)
{
	if (ue->flags || ue->u.irqchip.irqchip ||
	    ue->u.irqchip.pin >= KEV_LINES)
		return -EINVAL;

	route->chips = BIT(0);
	route->pin[0] = ue->u.irqchip.pin;
	return 0;
}

static int lines_set_route(void *sink, const struct kvm_irq_routing_entry *ue,
			   struct kev_route *route)
{
	struct kev_lines *lines = kev_lines(sink);

	switch (ue->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		return set_line_route(ue, route);
	case KVM_IRQ_ROUTING_MSI:
		return kev_lines_set_msi(lines, ue, route);
	case KVM_IRQ_ROUTING_S390_ADAPTER:
		return kev_adapter_set_route(lines, ue, route);
	default:
		return -EINVAL;
	}
}

static void lines_put_route(void *sink, const struct kev_route *route)
{
	if (route->type == KVM_IRQ_ROUTING_S390_ADAPTER)
		kev_adapter_put_route(kev_lines(sink), route);
}

static int deliver_line(struct kev_lines *lines, u32 nr,
			const struct kev_irq *irq)
{
	unsigned long flags;
	int ret;

	if (nr >= KEV_LINES)
		return IGNORED;

	nr = array_index_nospec(nr, KEV_LINES);
	spin_lock_irqsave(&lines->lock, flags);
	ret = line_change(&lines->line[nr], irq);
	line_update(lines, nr);
	spin_unlock_irqrestore(&lines->lock, flags);

	return ret;
}

static int deliver_msi(struct kev_lines *lines, u32 gsi,
		       const struct kev_irq *irq)
{
	unsigned long flags;
	int ret;

	if (!irq->level)
		return IGNORED;

	spin_lock_irqsave(&lines->lock, flags);
	ret = kev_lines_msi_add(lines, gsi);
	kev_lines_publish(lines);
	spin_unlock_irqrestore(&lines->lock, flags);

	return ret;
}

/* Never sleeps, so that no delivery is left to a work item. */
static int lines_deliver(void *sink, const struct kev_route *route,
			 const struct kev_irq *irq)
{
	struct kev_lines *lines = kev_lines(sink);

	if (IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING) &&
	    route->type == KVM_IRQ_ROUTING_MSI)
		return deliver_msi(lines, route->gsi, irq);
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_S390_ADAPTER) &&
	    route->type == KVM_IRQ_ROUTING_S390_ADAPTER)
		return kev_adapter_deliver(lines, route, irq);

	return deliver_line(lines, route->pin[0], irq);
}

static void lines_release(void *sink)
{
	struct kev_lines *lines = kev_lines(sink);

	kev_lines_msi_destroy(lines);
	kev_adapters_destroy(lines);
	kfree(lines);
}

static const struct kev_sink_ops lines_sink_ops = {
	.irqfd_allowed		= lines_irqfd_allowed,
	.routing_allowed	= lines_routing_allowed,
	.set_route		= lines_set_route,
	.put_route		= IS_ENABLED(CONFIG_KVM_EVENTFD_S390_ADAPTER) ?
				  lines_put_route : NULL,
	.deliver_atomic		= lines_deliver,
	.deliver		= lines_deliver,
	.release		= lines_release,
	.nr_pins		= KEV_LINES,
};

/* The CPU's side */

static void take_line(struct kev_lines *lines, struct kvm_eventfd_event *event)
{
	unsigned int nr = kev_chunk_first(&lines->ready);
	struct kev_line *line = &lines->line[nr];

	line->busy = true;
	line->edge = false;
	event->type = KVM_EVENTFD_INTR_LINE;
	event->vector = nr;
	line_update(lines, nr);
}

/* The line, or with -ESTALE the GSI, that comes next; -EAGAIN. */
static int take_next(struct kev_lines *lines, struct kvm_eventfd_event *event,
		     u32 *gsi)
{
	int ret = 0;

	spin_lock_irq(&lines->lock);
	if (lines->ready.summary)
		take_line(lines, event);
	else if (!kev_adapter_take(lines, event))
		ret = kev_lines_msi_take(lines, gsi) ? -ESTALE : -EAGAIN;
	kev_lines_publish(lines);
	spin_unlock_irq(&lines->lock);

	return ret;
}

/*
 * A GSI that lost its message since it was sent has nothing to say.  There may be as
 * many as GSIs.
 */
static int lines_fetch(struct kev_vcpu *vcpu, struct kvm_eventfd_event *event)
{
	struct kev_lines *lines = kev_lines(vcpu->machine);
	u32 gsi;
	int ret;

	do {
		ret = take_next(lines, event, &gsi);
		if (ret != -ESTALE)
			return ret;
		if (kev_lines_msi_read(lines, gsi, event))
			return 0;
		ret = kev_batch_pause();
	} while (!ret);

	return ret;
}

static int lines_ack(struct kev_vcpu *vcpu, struct kvm_eventfd_interrupt *intr)
{
	struct kvm_eventfd_event event = { };
	int ret;

	ret = lines_fetch(vcpu, &event);
	intr->type = event.type;
	intr->vector = event.vector;

	return ret;
}

static bool lines_has_event(struct kev_vcpu *vcpu)
{
	return READ_ONCE(kev_lines(vcpu->machine)->pending);
}

static bool eoi_begin(struct kev_lines *lines, unsigned int nr)
{
	struct kev_line *line = &lines->line[nr];
	bool begun;

	spin_lock_irq(&lines->lock);
	begun = line->busy && !line->ending;
	if (begun)
		line->ending = true;
	spin_unlock_irq(&lines->lock);

	return begun;
}

static void eoi_end(struct kev_lines *lines, unsigned int nr)
{
	struct kev_line *line = &lines->line[nr];

	spin_lock_irq(&lines->lock);
	line->busy = false;
	line->ending = false;
	line_update(lines, nr);
	spin_unlock_irq(&lines->lock);
}

/**
 * kev_lines_eoi - The guest is done with a line
 * @vcpu:	A CPU of the VM, whoever took the line.
 * @line:	Any number.
 *
 * Ack notifiers are called before the line can be taken again: a resampler lowers
 * it first, so that only a device that still wants service raises it.
 *
 * Context: Process context.
 * Return: 0; -EINVAL: no such line, or no CPU has taken it.
 */
int kev_lines_eoi(struct kev_vcpu *vcpu, u32 line)
{
	struct kev_lines *lines = kev_lines(vcpu->machine);

	if (line >= KEV_LINES)
		return -EINVAL;

	line = array_index_nospec(line, KEV_LINES);
	if (!eoi_begin(lines, line))
		return -EINVAL;
	if (IS_ENABLED(CONFIG_KVM_EVENTFD_ACK_NOTIFIER))
		kev_notify_acked_irq(vcpu->machine->vm, 0, line);
	eoi_end(lines, line);

	return 0;
}

static long lines_vcpu_eoi(void *obj, void *arg, unsigned long uarg)
{
	const struct kvm_eventfd_interrupt *intr = arg;

	if (intr->type != KVM_EVENTFD_INTR_LINE)
		return -EINVAL;

	return kev_lines_eoi(obj, intr->vector);
}

static const struct kev_ioctl lines_vcpu_ioctls[] = {
	KEV_IOCTL(KVM_EVENTFD_EOI,	KEV_IN,	lines_vcpu_eoi),
	KEV_IOCTL_END
};

/* ioctls of a VM */

static int set_level(const struct kev_machine *machine,
		     const struct kvm_irq_level *line, bool line_status)
{
	struct kev_irq irq = {
		.source		= KEV_IRQ_SOURCE_USERSPACE,
		.level		= line->level,
		.line_status	= line_status,
	};

	return kev_set_irq(machine->vm, line->irq, &irq);
}

static long lines_irq_line(void *obj, void *arg, unsigned long uarg)
{
	set_level(obj, arg, false);

	return 0;
}

static long lines_irq_line_status(void *obj, void *arg, unsigned long uarg)
{
	struct kvm_irq_level *line = arg;

	line->status = set_level(obj, line, true);

	return 0;
}

static void set_trigger(struct kev_lines *lines, unsigned int nr, bool edge)
{
	spin_lock_irq(&lines->lock);
	lines->line[nr].edge_triggered = edge;
	line_update(lines, nr);
	spin_unlock_irq(&lines->lock);
}

/* An edge that came and was not taken stays, whatever the trigger is. */
static int set_triggers(struct kev_lines *lines, u64 first, u64 nr, u64 trigger)
{
	unsigned long i;

	if (first >= KEV_LINES || nr > KEV_LINES - first ||
	    trigger > KVM_EVENTFD_TRIGGER_EDGE)
		return -EINVAL;

	for (i = first; i < first + nr; i++)
		set_trigger(lines, array_index_nospec(i, KEV_LINES),
			    trigger == KVM_EVENTFD_TRIGGER_EDGE);

	return 0;
}

static int lines_enable_cap(struct kev_machine *machine,
			    const struct kvm_enable_cap *cap)
{
	if (cap->cap != KVM_EVENTFD_CAP_LINES)
		return -EOPNOTSUPP;

	return set_triggers(kev_lines(machine), cap->args[0], cap->args[1],
			    cap->args[2]);
}

static long lines_set_adapter(void *obj, void *arg, unsigned long uarg)
{
	return kev_adapter_set(kev_lines(obj), arg);
}

static const struct kev_ioctl lines_vm_ioctls[] = {
	KEV_IOCTL(KVM_IRQ_LINE,		KEV_IN,			lines_irq_line),
	KEV_IOCTL(KVM_IRQ_LINE_STATUS,	KEV_IN | KEV_OUT,	lines_irq_line_status),
	KEV_IOCTL_IF(IS_ENABLED(CONFIG_KVM_EVENTFD_S390_ADAPTER),
		     KVM_EVENTFD_SET_ADAPTER, KEV_IN, lines_set_adapter),
	KEV_IOCTL_END
};

/* The machine */

static int lines_check_extension(struct kev_machine *machine, long cap)
{
	switch (cap) {
	case KVM_CAP_IRQ_INJECT_STATUS:
		return 1;
	case KVM_CAP_IRQFD_RESAMPLE:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQFD);
	case KVM_CAP_MSI_DEVID:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_IRQ_ROUTING);
	case KVM_EVENTFD_CAP_ADAPTER:
		return IS_ENABLED(CONFIG_KVM_EVENTFD_S390_ADAPTER) ?
		       KEV_ADAPTERS : 0;
	default:
		return -1;
	}
}

static struct kev_machine *lines_create(void)
{
	struct kev_lines *lines;

	BUILD_BUG_ON(KEV_LINES > KEV_CHUNK_BITS);
	BUILD_BUG_ON(KEV_CHUNKS * KEV_CHUNK_BITS != KEV_MAX_IRQ_ROUTES_CAP);

	lines = kzalloc(sizeof(*lines), GFP_KERNEL_ACCOUNT);
	if (!lines)
		return NULL;

	spin_lock_init(&lines->lock);
	INIT_LIST_HEAD(&lines->cpus);
	kev_waitqueue_init(&lines->waiters);
	kev_adapters_init(lines);

	return &lines->machine;
}

static int lines_init(struct kev_machine *machine)
{
	return kev_lines_default_routes(kev_lines(machine));
}

static void lines_stop(struct kev_machine *machine)
{
	kev_waitqueue_destroy(machine->vm, &kev_lines(machine)->waiters);
}

static int lines_vcpu_create(struct kev_vcpu *vcpu)
{
	struct kev_lines_cpu *cpu;

	cpu = kzalloc(sizeof(*cpu), GFP_KERNEL_ACCOUNT);
	if (!cpu)
		return -ENOMEM;

	cpu->vcpu = vcpu;
	vcpu->arch = cpu;
	vcpu->waiters = &kev_lines(vcpu->machine)->waiters;

	return 0;
}

static void lines_vcpu_published(struct kev_vcpu *vcpu)
{
	struct kev_lines *lines = kev_lines(vcpu->machine);
	struct kev_lines_cpu *cpu = vcpu->arch;

	spin_lock_irq(&lines->lock);
	list_add_tail(&cpu->node, &lines->cpus);
	kev_vcpu_set_pending(vcpu, lines->pending);
	spin_unlock_irq(&lines->lock);
}

/* The VM is going: nobody is told of anything any more. */
static void lines_vcpu_destroy(struct kev_vcpu *vcpu)
{
	struct kev_lines *lines = kev_lines(vcpu->machine);
	struct kev_lines_cpu *cpu = vcpu->arch;

	spin_lock_irq(&lines->lock);
	list_del(&cpu->node);
	spin_unlock_irq(&lines->lock);
	kfree(cpu);
}

const struct kev_machine_ops kev_lines_machine = {
	.sink			= &lines_sink_ops,
	.create			= lines_create,
	.init			= lines_init,
	.stop			= lines_stop,
	.vcpu_create		= lines_vcpu_create,
	.vcpu_published		= lines_vcpu_published,
	.vcpu_destroy		= lines_vcpu_destroy,
	.ack			= lines_ack,
	.fetch			= lines_fetch,
	.has_event		= lines_has_event,
	.check_extension	= lines_check_extension,
	.enable_cap		= lines_enable_cap,
	.vm_ioctls		= lines_vm_ioctls,
	.vcpu_ioctls		= lines_vcpu_ioctls,
};
