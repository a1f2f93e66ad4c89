/* SPDX-License-Identifier: Apache-2.0
 *
 * timeit N CMD... [-- CMD...]...: run the commands one after the other, N times over, and print a
 * line for each of them: MEDIAN-MS MIN-MS PEAK-KIB    (wall time of spawn to end; largest resident
 * size that one of the runs reached) Their output goes nowhere. A command that fails ends it all
 * with its exit code, unless it begins with `-`.
 *
 * timeit --private CMD...: run it once, and print the KiB that are its own (private) at its exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 16 };

struct command {
	char **argv;
	int may_fail;
	double *ms;
	long peak;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run(struct command *c, double *ms)
{
	posix_spawn_file_actions_t fa;
	struct rusage ru;
	double start;
	pid_t pid;
	int status, err;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	start = now_ms();
	err = c->argv[0] ? posix_spawnp(&pid, c->argv[0], &fa, NULL, c->argv, environ) : ENOENT;
	if (err) {
		fprintf(stderr, "timeit: %s: %s\n", c->argv[0] ? c->argv[0] : "", strerror(err));
		return 127;
	}
	while (wait4(pid, &status, 0, &ru) < 0 && errno == EINTR)
		;
	*ms = now_ms() - start;
	posix_spawn_file_actions_destroy(&fa);
	if (ru.ru_maxrss > c->peak)
		c->peak = ru.ru_maxrss;
	if (c->may_fail)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int report_private(char **argv)
{
	char path[64], line[256];
	long kib = 0;
	int status;
	pid_t pid = fork();
	FILE *f;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	for (;;) {
		int sig = 0;

		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			break;
		if (WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP)
			sig = WSTOPSIG(status);
		ptrace(PTRACE_CONT, pid, NULL, sig);
		if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
			return 1;
	}
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Private_Clean:", 14) || !strncmp(line, "Private_Dirty:", 14))
			kib += strtol(line + 14, NULL, 10);
	if (f)
		fclose(f);
	ptrace(PTRACE_CONT, pid, NULL, 0);
	waitpid(pid, &status, 0);
	printf("%ld\n", kib);
	return 0;
}

static int split(char **argv, struct command *all, size_t runs)
{
	int n = 0;

	while (*argv && n < MAX_COMMANDS) {
		struct command *c = &all[n++];

		if (!strcmp(*argv, "-"))
			c->may_fail = 1, argv++;
		c->argv = argv;
		c->ms = calloc(runs, sizeof(*c->ms));
		while (*argv && strcmp(*argv, "--") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct command all[MAX_COMMANDS];
	int runs, n;

	if (argc >= 3 && !strcmp(argv[1], "--private"))
		return report_private(argv + 2);
	if (argc < 3 || (runs = (int)strtol(argv[1], NULL, 10)) < 1) {
		fprintf(stderr,
		        "usage: timeit N [-] CMD... [-- [-] CMD...]... | timeit --private CMD...\n");
		return 2;
	}
	n = split(argv + 2, all, (size_t)runs);
	for (int i = 0; i < runs; i++)
		for (int c = 0; c < n; c++) {
			int rc = run(&all[c], &all[c].ms[i]);

			if (rc) {
				fprintf(stderr, "timeit: %s: exit code %d\n", all[c].argv[0], rc);
				return rc;
			}
		}
	for (int c = 0; c < n; c++) {
		qsort(all[c].ms, (size_t)runs, sizeof(*all[c].ms), by_value);
		printf("%.3f %.3f %ld\n", all[c].ms[runs / 2], all[c].ms[0], all[c].peak);
	}
	return 0;
}
