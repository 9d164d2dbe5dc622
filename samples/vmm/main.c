// SPDX-License-Identifier: GPL-2.0
/*
 * kev-vmm: a whole VMM around /dev/kvm-eventfd, small enough to read.
 *
 * Its guest is this program: it has memory, a vCPU and a virtio-net driver,
 * and pings the host.  Its device is the kernel's vhost-net.  The two signal
 * each other through the module alone:
 *
 *	doorbell write -> vCPU fd -> ioeventfd -> kick eventfd -> vhost-net
 *	vhost-net -> call eventfd -> irqfd -> MSI -> vCPU fd -> interrupt
 *
 * This file sets up and takes down in order.  The rooms: options.c (command
 * line), memory.c, vm.c, vcpu.c, uring.c (the same vCPU through io_uring),
 * doorbell.c, irq.c, virtqueue.c, netdev.c (the driver), net.c (ARP and ICMP),
 * tap.c, vhost.c, ping.c (the run), report.c (the verdict), util.c.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>

#include "memory.h"
#include "netdev.h"
#include "options.h"
#include "ping.h"
#include "report.h"
#include "tap.h"
#include "uring.h"
#include "util.h"
#include "vcpu.h"
#include "vhost.h"
#include "vm.h"

/**
 * struct vmm - Everything there is
 * @mem:	The guest's memory.
 * @vm:		The VM.
 * @vcpu:	Its CPU.
 * @uring:	The ring that drives it, with --io-uring.
 * @tap:	The host's end of the wire.
 * @vhost:	The device.
 * @dev:	The driver.
 * @ping:	The run.
 */
struct vmm {
	struct memory mem;
	struct vm vm;
	struct vcpu vcpu;
	struct uring uring;
	struct tap tap;
	struct vhost vhost;
	struct netdev dev;
	struct ping ping;
};

static void on_signal(int signal)
{
	(void)signal;
	ping_stop();
}

static void catch_signals(void)
{
	/* No SA_RESTART: a sleep ends. */
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* What can be missing is opened first, before anything is built. */
static void vmm_create(struct vmm *vmm, const struct options *opts)
{
	vm_create(&vmm->vm, opts->device);
	tap_create(&vmm->tap, NETDEV_HEADER);
	memory_create(&vmm->mem);
	vhost_create(&vmm->vhost, &vmm->mem);
	vcpu_create(&vmm->vcpu, &vmm->vm, 0);

	vmm->dev.vcpu = &vmm->vcpu;
	if (opts->io_uring) {
		uring_create(&vmm->uring, &vmm->vcpu);
		vmm->dev.uring = &vmm->uring;
	}
	vmm->dev.receive = ping_receive;
	vmm->dev.opaque = &vmm->ping;
	ping_create(&vmm->ping, &vmm->dev, opts, vmm->tap.guest_ip,
		    vmm->tap.host_ip);
	netdev_create(&vmm->dev, &vmm->vm, &vmm->mem);
}

/* The tap comes up last, so that nothing arrives before the driver is ready. */
static void vmm_run(struct vmm *vmm, const struct options *opts)
{
	struct in_addr guest = { vmm->tap.guest_ip };
	struct in_addr host = { vmm->tap.host_ip };

	netdev_connect(&vmm->dev, &vmm->vhost, vmm->tap.fd);
	tap_up(&vmm->tap);

	printf("PING %s", inet_ntoa(host));
	printf(" from %s over %s: %u data bytes, %s, %s irqchip\n",
	       inet_ntoa(guest), vmm->tap.name, opts->size,
	       opts->io_uring ? "io_uring" : "pwrite and poll",
	       vmm->vm.split ? "split" : "kernel");
	ping_run(&vmm->ping, opts->count);
	if (opts->io_uring)
		uring_count_threads(&vmm->uring);

	netdev_disconnect(&vmm->dev, &vmm->vhost);
}

static void vmm_destroy(struct vmm *vmm)
{
	if (vmm->dev.uring)
		uring_destroy(&vmm->uring);
	netdev_destroy(&vmm->dev, &vmm->vm);
	vcpu_destroy(&vmm->vcpu);
	vm_destroy(&vmm->vm);
	vhost_destroy(&vmm->vhost);
	tap_destroy(&vmm->tap);
	memory_destroy(&vmm->mem);
}

int main(int argc, char **argv)
{
	static struct vmm vmm;
	struct options opts;
	bool pass;

	options_parse(&opts, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_signals();

	vmm_create(&vmm, &opts);
	vmm_run(&vmm, &opts);
	pass = report(&vmm.ping, &vmm.dev, opts.device);
	vmm_destroy(&vmm);

	return pass ? VMM_PASS : VMM_FAIL;
}
