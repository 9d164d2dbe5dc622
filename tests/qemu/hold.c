// SPDX-License-Identifier: GPL-2.0
/*
 * Holds one kind of object of a node until it is killed, so that the scripts in
 * this folder can ask what the module does meanwhile.
 *
 *	hold node|vm|vcpu|stats|map [path of the node]
 *
 * Everything but the object asked for is closed before "held" is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int must(int ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
		exit(1);
	}

	return ret;
}

/* Maps the vCPU and lets its fd go: the mapping alone stays. */
static void hold_mapping(int node, int vcpu)
{
	int size = must(ioctl(node, KVM_GET_VCPU_MMAP_SIZE, 0), "mmap size");
	void *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (map == MAP_FAILED)
		must(-1, "mmap");
	close(vcpu);
}

static void hold(const char *what, int node)
{
	int vm, vcpu;

	if (!strcmp(what, "node"))
		return;

	vm = must(ioctl(node, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	if (!strcmp(what, "stats"))
		must(ioctl(vm, KVM_GET_STATS_FD, NULL), "KVM_GET_STATS_FD");

	if (!strcmp(what, "vcpu") || !strcmp(what, "map")) {
		vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
		if (!strcmp(what, "map"))
			hold_mapping(node, vcpu);
	}

	if (strcmp(what, "vm"))
		close(vm);
	close(node);
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : "/dev/kvm-eventfd";

	if (argc < 2) {
		fprintf(stderr, "usage: hold node|vm|vcpu|stats|map [node]\n");
		return 2;
	}

	hold(argv[1], must(open(path, O_RDWR | O_CLOEXEC), path));
	puts("held");
	fflush(stdout);
	pause();

	return 0;
}
