// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped pages while another thread fills them with noise: the kernel writes
 * no other memory than theirs, and believes none of it.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

#define NR_ROUNDS	1000
#define ZONE		0x3000ull
#define ZONE_SIZE	0x100u
#define GSI		24
#define VECTOR		0x41

struct pages {
	struct attack *attack;
	struct kev_machine m;
	uint32_t *words;
	size_t nr_words;
	atomic_bool stop;
	unsigned long taken;
	unsigned long refused;
};

static size_t map_size(void)
{
	int node = kev_open();
	int size = kev_ioctl_val(node, KVM_GET_VCPU_MMAP_SIZE, 0);

	close(node);
	return size;
}

static void put(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Noise everywhere, and small and large numbers where the ring's indexes are. */
static void *scribble(void *arg)
{
	struct pages *pages = arg;
	uint32_t *ring = pages->words + KVM_EVENTFD_PAGE_COALESCED *
			 getpagesize() / sizeof(*ring);
	uint32_t random = 88172645u;

	while (!atomic_load(&pages->stop)) {
		put(&pages->words[next_random(&random) % pages->nr_words],
		    next_random(&random));
		put(&ring[next_random(&random) % 2],
		    next_random(&random) >> next_random(&random) % 32);
	}
	return NULL;
}

/* A coalesced write is taken, or the ring is in disorder. */
static void write_zone(struct pages *pages, unsigned int i)
{
	ssize_t ret = __vcpu_write(pages->m.vcpu[i & 1],
				   ZONE + i * 8 % ZONE_SIZE, i, 8);

	if (ret == 8)
		pages->taken++;
	else if (errno == EOPNOTSUPP)
		pages->refused++;
	else
		attack_fail(pages->attack, "a coalesced write failed");
}

/* What the mapping says of events is noise; what the calls say is the truth. */
static void take_event(struct pages *pages)
{
	struct kvm_eventfd_interrupt intr;
	int vcpu = pages->m.vcpu[0];

	if (vcpu_poll_now(vcpu) || !__ack_interrupt(vcpu, &intr))
		attack_fail(pages->attack, "an event that nobody sent");
	signal_msi(pages->m.vm, KEV_MSI_DEST(0), VECTOR);
	if (!vcpu_poll_now(vcpu) || __ack_interrupt(vcpu, &intr) ||
	    intr.vector != VECTOR)
		attack_fail(pages->attack, "an event was lost");
	lapic_eoi(vcpu);
}

/* Nothing is run; the byte that is read there decides between two answers. */
static void run(struct pages *pages)
{
	if (ioctl(pages->m.vcpu[0], KVM_RUN, 0) >= 0 ||
	    (errno != EINTR && errno != EOPNOTSUPP))
		attack_fail(pages->attack, "KVM_RUN has another answer");
}

/* When the noise ends, the pending word is right with the next event. */
static void check_pending(struct pages *pages)
{
	struct kvm_eventfd_vcpu_state *state;

	state = (void *)(pages->words + KVM_EVENTFD_PAGE_STATE *
			 getpagesize() / sizeof(*pages->words));
	signal_msi(pages->m.vm, KEV_MSI_DEST(0), VECTOR);
	if (!__atomic_load_n(&state->pending, __ATOMIC_ACQUIRE))
		attack_fail(pages->attack, "the pending word is not set");
	ack_interrupt(pages->m.vcpu[0]);
	if (__atomic_load_n(&state->pending, __ATOMIC_ACQUIRE))
		attack_fail(pages->attack, "the pending word is not cleared");
	lapic_eoi(pages->m.vcpu[0]);
}

static void pages_open(struct pages *pages)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = ZONE, .size = ZONE_SIZE
	};
	size_t size = map_size();

	kev_machine_create(&pages->m, KEV_CHIP_SPLIT, 2);
	kev_ioctl(pages->m.vm, KVM_REGISTER_COALESCED_MMIO, &zone);
	pages->words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    pages->m.vcpu[0], 0);
	kev_assert(pages->words != MAP_FAILED, "mmap of a vCPU");
	pages->nr_words = size / sizeof(*pages->words);
}

static void attack_pages(struct attack *attack)
{
	struct pages pages = { .attack = attack };
	unsigned int nr = attack->times * NR_ROUNDS, i;
	pthread_t thread;

	pages_open(&pages);
	thread = kev_thread_start(scribble, &pages);
	for (i = 0; i < nr && !attack->result->error; i++) {
		write_zone(&pages, i);
		take_event(&pages);
		run(&pages);
	}
	atomic_store(&pages.stop, true);
	kev_thread_join(thread);
	check_pending(&pages);
	munmap(pages.words, pages.nr_words * sizeof(*pages.words));
	kev_machine_destroy(&pages.m);
	if (!pages.taken || !pages.refused)
		attack_fail(attack, "the ring was never in order, or never not");
	attack_tell(attack, "%u events taken, %lu coalesced writes taken and %lu refused",
		    i, pages.taken, pages.refused);
}

HOSTILE_SUBJECT("pages", attack_pages);
