// SPDX-License-Identifier: GPL-2.0
/*
 * The first program of a guest for which Debian has no busybox to unpack: mounts
 * what a test expects, runs /command with its output on the device that kev_out=
 * names, and ends with the verdict there.  tests/qemu/init is the same for x86.
 *
 * A command is a program and its arguments, or one of these:
 *
 *	true		nothing: the kernel's own tests are all
 *	each FOLDER	every *_test there, with a line before and behind each
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_ARGS	16

struct mount_point {
	const char *type;
	const char *where;
};

static const struct mount_point mounts[] = {
	{ "proc",	"/proc" },
	{ "sysfs",	"/sys" },
	{ "devtmpfs",	"/dev" },
	{ "tmpfs",	"/tmp" },
	{ "tmpfs",	"/dev/shm" },
	{ "debugfs",	"/sys/kernel/debug" },
	{ "cgroup2",	"/sys/fs/cgroup" },
};

static void mount_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL);
	}
}

static void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[len < 0 ? 0 : len] = '\0';
	if (fd >= 0)
		close(fd);
	buf[strcspn(buf, "\n")] = '\0';
}

/* What stands behind @name on the kernel's command line. */
static void option(const char *name, char *value, size_t size)
{
	char line[2048];
	const char *found;

	read_file("/proc/cmdline", line, sizeof(line));
	found = strstr(line, name);
	found = found ? found + strlen(name) : "";
	snprintf(value, size, "%.*s", (int)strcspn(found, " "), found);
}

static void use_output(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);
	struct termios tio;

	if (fd < 0) {
		perror(path);
		return;
	}
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* The exit status, or 128 and the signal. */
static int run(char *const argv[])
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execv(argv[0], argv);
		fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int is_test(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '_');

	return end && !strcmp(end, "_test");
}

/* tests/arch/run counts what they print. */
static int run_each(const char *folder)
{
	struct dirent **names;
	int failed = 0;
	int count;
	int i;

	count = scandir(folder, &names, is_test, alphasort);
	for (i = 0; i < count; i++) {
		char path[512];
		char *argv[2] = { path };
		int status;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		printf("\n@begin %s\n", names[i]->d_name);
		status = run(argv);
		printf("\n@end %s %d\n", names[i]->d_name, status);
		failed |= status && status != 4;
	}
	return failed || count <= 0;
}

static int run_command(void)
{
	char line[1024];
	char *argv[MAX_ARGS + 1];
	char *rest = line;
	int argc = 0;

	read_file("/command", line, sizeof(line));
	while (argc < MAX_ARGS && (argv[argc] = strtok_r(rest, " ", &rest)))
		argc++;
	argv[argc] = NULL;

	if (!argc)
		return 127;
	if (!strcmp(argv[0], "true"))
		return 0;
	if (!strcmp(argv[0], "each") && argc == 2)
		return run_each(argv[1]);
	return run(argv);
}

int main(void)
{
	char verdict[64];
	char out[64];
	int status;

	mount_all();
	option("kev_out=", out, sizeof(out));
	option("kev_verdict=", verdict, sizeof(verdict));
	use_output(out);
	if (chdir("/tmp"))
		perror("/tmp");

	status = run_command();
	printf("\n%s rc=%d\n", verdict, status);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	/* QEMU runs with -no-reboot, the kernel of a host's process with noreboot. */
	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
