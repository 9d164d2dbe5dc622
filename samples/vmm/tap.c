// SPDX-License-Identifier: GPL-2.0
/*
 * The tap interface.  What the guest sends arrives in the host's network
 * stack through it, and the stack's answers leave by it.
 *
 * vhost.c makes it the backend of both queues; this program never reads or
 * writes its file.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "util.h"

#define TAP_NODE	"/dev/net/tun"
#define TAP_PREFIX	"kevtap"

/*
 * 192.0.2.0/24 is set aside for documentation, so that no real network is
 * hidden.  Each interface takes four addresses of it by its number.
 */
#define TAP_NETWORK	0xc0000200U
#define TAP_NETMASK	0xfffffffcU
#define TAP_SUBNETS	64

static void tap_attach(struct tap *tap)
{
	struct ifreq ifr = {
		.ifr_name = TAP_PREFIX "%d",
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};

	if (ioctl(tap->fd, TUNSETIFF, &ifr)) {
		if (errno == EPERM)
			die("no permission to create a tap: run as root or with CAP_NET_ADMIN");
		die("cannot create a tap interface: %s", strerror(errno));
	}
	memcpy(tap->name, ifr.ifr_name, IFNAMSIZ);
}

static void tap_choose_addresses(struct tap *tap)
{
	unsigned long number = strtoul(tap->name + strlen(TAP_PREFIX), NULL, 10);
	uint32_t subnet = TAP_NETWORK + number % TAP_SUBNETS * 4;

	tap->host_ip = htonl(subnet + 1);
	tap->guest_ip = htonl(subnet + 2);
}

/**
 * tap_create() - Create a tap interface, down and without an address
 * @tap:	To fill.
 * @header_size: Bytes of the virtio-net header before each frame.
 */
void tap_create(struct tap *tap, int header_size)
{
	tap->fd = node_open(TAP_NODE, "load the tun module (modprobe tun)");
	tap_attach(tap);
	tap_choose_addresses(tap);

	checked_ioctl(tap->fd, TUNSETVNETHDRSZ, &header_size,
		      "set the tap's header size");
	checked_ioctl(tap->fd, TUNSETOFFLOAD, NULL,
		      "turn the tap's offloads off");
}

static void tap_set_address(struct tap *tap, int sock, unsigned long cmd,
			    uint32_t address, const char *what)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = address,
	};
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, tap->name, IFNAMSIZ);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	checked_ioctl(sock, cmd, &ifr, what);
}

/**
 * tap_up() - Give the interface its address and set it up
 * @tap:	From tap_create().
 */
void tap_up(struct tap *tap)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	if (sock < 0)
		die("cannot open a socket: %s", strerror(errno));

	tap_set_address(tap, sock, SIOCSIFADDR, tap->host_ip,
			"set the tap's address");
	tap_set_address(tap, sock, SIOCSIFNETMASK, htonl(TAP_NETMASK),
			"set the tap's netmask");

	memcpy(ifr.ifr_name, tap->name, IFNAMSIZ);
	checked_ioctl(sock, SIOCGIFFLAGS, &ifr, "read the tap's flags");
	ifr.ifr_flags |= IFF_UP;
	checked_ioctl(sock, SIOCSIFFLAGS, &ifr, "set the tap up");
	close(sock);
}

/**
 * tap_destroy() - Close the file, and with it remove the interface
 * @tap:	From tap_create(), no longer anyone's backend.
 */
void tap_destroy(struct tap *tap)
{
	close(tap->fd);
}
