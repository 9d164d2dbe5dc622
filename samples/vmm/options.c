// SPDX-License-Identifier: GPL-2.0
/* The command line: main.c calls in once. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <linux/kvm_eventfd.h>
#include <stdio.h>
#include <stdlib.h>

#include "net.h"
#include "options.h"
#include "util.h"

#define VMM_VERSION	"1.0"

#define COUNT_MAX	1000000
#define COUNT_DEFAULT	100
#define SIZE_DEFAULT	56

static const struct option options_long[] = {
	{ "count",	required_argument,	NULL, 'c' },
	{ "size",	required_argument,	NULL, 's' },
	{ "device",	required_argument,	NULL, 'd' },
	{ "io-uring",	no_argument,		NULL, 'u' },
	{ "quiet",	no_argument,		NULL, 'q' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'v' },
	{ 0 }
};

static void options_help(void)
{
	printf("Usage: kev-vmm [OPTION]...\n"
	       "Ping the host's network stack as a guest of kvm-eventfd would: kernel vhost-net\n"
	       "is kicked by ioeventfds and interrupts the vCPU through irqfds.\n"
	       "\n"
	       "  -c, --count=N      send N pings, 1 to %d (default %d)\n"
	       "  -s, --size=BYTES   of payload in each, 0 to %d (default %d)\n"
	       "  -d, --device=PATH  the module's node (default %s)\n"
	       "  -u, --io-uring     ring and wait through io_uring\n"
	       "  -q, --quiet        print the summary alone\n"
	       "  -h, --help         print this and exit\n"
	       "      --version      print the version and exit\n"
	       "\n"
	       "Exit status: 0 when no ping was lost and the module carried every doorbell and\n"
	       "every interrupt; 1 when not, or when something is missing; 2 for bad options.\n",
	       COUNT_MAX, COUNT_DEFAULT, NET_SIZE_MAX, SIZE_DEFAULT,
	       KVM_EVENTFD_NODE);
}

_Noreturn static void options_bad(void)
{
	fputs("kev-vmm: try --help\n", stderr);
	exit(VMM_USAGE);
}

static unsigned int options_number(const char *name, const char *text,
				   unsigned long min, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno &&
	    value >= min && value <= max)
		return value;

	fprintf(stderr, "kev-vmm: --%s must be a number from %lu to %lu, not '%s'\n",
		name, min, max, text);
	options_bad();
}

static void options_one(struct options *opts, int opt)
{
	switch (opt) {
	case 'c':
		opts->count = options_number("count", optarg, 1, COUNT_MAX);
		break;
	case 's':
		opts->size = options_number("size", optarg, 0, NET_SIZE_MAX);
		break;
	case 'd':
		opts->device = optarg;
		break;
	case 'u':
		opts->io_uring = true;
		break;
	case 'q':
		opts->quiet = true;
		break;
	case 'h':
		options_help();
		exit(VMM_PASS);
	case 'v':
		puts("kev-vmm " VMM_VERSION);
		exit(VMM_PASS);
	default:
		options_bad();
	}
}

/**
 * options_parse() - Read the command line, or exit
 * @opts:	To fill.
 * @argc:	main()'s.
 * @argv:	main()'s.
 */
void options_parse(struct options *opts, int argc, char **argv)
{
	int opt;

	*opts = (struct options){
		.device = KVM_EVENTFD_NODE,
		.count = COUNT_DEFAULT,
		.size = SIZE_DEFAULT,
	};

	while ((opt = getopt_long(argc, argv, "c:s:d:uqh", options_long,
				  NULL)) >= 0)
		options_one(opts, opt);

	if (optind < argc) {
		fprintf(stderr, "kev-vmm: '%s' is not an option\n",
			argv[optind]);
		options_bad();
	}
}
