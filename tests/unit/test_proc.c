/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

/* A child that waits for a signal. */
static pid_t sleeper(int *pidfd)
{
	pid_t pid = proc_clone(0, pidfd);

	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	assert_true(pid > 0);
	return pid;
}

TEST(a_child_is_known_by_its_pidfd_and_reaped_with_its_code)
{
	autoclose int pidfd = -1;
	pid_t pid = proc_clone(0, &pidfd);

	if (pid == 0)
		_exit(42);
	assert_true(pid > 0);
	assert_int_equal(fcntl(pidfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(proc_wait_end(pidfd, 10000), 1);
	assert_int_equal(proc_reap(pidfd), 42);
	assert_int_equal(proc_reap(pidfd), -1); /* only once */
}

TEST(death_by_signal_is_128_plus_its_number)
{
	autoclose int pidfd = -1;

	(void)sleeper(&pidfd);
	assert_int_equal(proc_wait_end(pidfd, 0), 0);
	assert_int_equal(proc_wait_end(pidfd, 20), 0);
	assert_int_equal(proc_signal(pidfd, SIGKILL), 0);
	assert_int_equal(proc_wait_end(pidfd, -1), 1);
	assert_int_equal(proc_reap(pidfd), 128 + SIGKILL);
	assert_int_equal(proc_signal(pidfd, SIGKILL), -1);
	assert_int_equal(errno, ESRCH);
}

TEST(a_process_that_has_gone_has_no_pidfd_and_no_start_time)
{
	autoclose int pidfd = -1;
	pid_t pid = sleeper(&pidfd);

	assert_true(proc_start_time(pid) > 0);
	(void)proc_signal(pidfd, SIGKILL);
	(void)proc_reap(pidfd);
	assert_int_equal(proc_start_time(pid), 0);
	assert_int_equal(proc_pidfd(pid), -1);
	assert_int_equal(proc_start_time(0), 0);
	assert_int_equal(proc_start_time(-1), 0);
}

static void tick(int sig)
{
	UNUSED(sig);
}

/* With SIGCHLD or a timer coming in often, a wait that starts anew each time would never end. */
TEST(signals_do_not_stretch_a_wait)
{
	const struct itimerval often = {{0, 30000}, {0, 30000}}, off = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = tick};
	autoclose int pidfd = -1;
	int64_t start;

	(void)sleeper(&pidfd);
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	start = clock_mono_ms();
	assert_int_equal(proc_wait_end(pidfd, 200), 0);
	(void)setitimer(ITIMER_REAL, &off, NULL);
	assert_true(clock_mono_ms() - start >= 195);
	(void)proc_signal(pidfd, SIGKILL);
	(void)proc_reap(pidfd);
}

TEST(a_descriptor_that_is_no_process_has_not_ended)
{
	assert_int_equal(proc_wait_end(987, 0), 0);
}

/* The name of a process is its own choice; the start time is found behind it all the same. */
TEST(a_hostile_process_name_does_not_confuse_the_start_time)
{
	uint64_t before = proc_start_time(getpid());
	autoclose int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
	struct err e = {0};

	assert_true(before > 0);
	assert_int_equal(fd_write_all(fd, ") S 1 1 (x) 9", 13, &e), 0);
	assert_true(proc_start_time(getpid()) == before);
}

TEST(programs_are_found_in_path_and_sbin_but_never_by_a_relative_entry)
{
	char dir[] = "/tmp/kp-proc-XXXXXX";
	autofree char *path = xstrdup(getenv("PATH") ? getenv("PATH") : "");
	autofree char *sh = proc_find("sh"), *found = NULL, *odd = NULL, *direct = NULL;
	autofree char *is_dir = NULL, *absent = proc_find("no-such-program-here");
	struct err e = {0};
	autoclose int d = -1;

	assert_non_null(sh);
	assert_int_equal(sh[0], '/');
	assert_null(absent);

	assert_non_null(mkdtemp(dir));
	d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_write_atomic(d, "kp-odd", "#!/bin/sh\n", 10, 0755, false, &e), 0);
	assert_int_equal(fs_write_atomic(d, "kp-plain", "#!/bin/sh\n", 10, 0644, false, &e), 0);
	assert_int_equal(mkdirat(d, "kp-dir", 0755), 0);
	assert_int_equal(fchdir(d), 0);
	assert_int_equal(setenv("PATH", ".::", 1), 0);
	odd = proc_find(
		"kp-odd"); /* "." and the empty entry mean the current directory to a shell */
	assert_null(odd);
	assert_int_equal(setenv("PATH", dir, 1), 0);
	found = proc_find("kp-odd");
	assert_non_null(found);
	is_dir = proc_find("kp-dir");
	assert_null(is_dir);
	odd = proc_find("kp-plain");
	assert_null(odd);
	direct = proc_find("./kp-odd");
	assert_string_equal(direct, "./kp-odd");
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir, &e), 0);
}

TEST(a_helper_gets_its_descriptors_environment_and_default_signals)
{
	static const char script[] =
		"read x; echo \"$x:$V:$HOME\"; grep -E '^Sig(Ign|Blk)' /proc/self/status >&2";
	const char *const argv[] = {"sh", "-c", script, NULL};
	const char *const env[] = {"V=value", "PATH=/usr/bin:/bin", NULL};
	autostrbuf struct strbuf out = {0}, err = {0};
	int in[2], o[2], x[2], pidfd = -1;
	struct proc_cmd cmd = {.argv = argv, .env = env};
	struct err e = {0};
	sigset_t all, old;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(o, O_CLOEXEC) | pipe2(x, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(in[1], "line\n", 5, &e), 0);
	cmd.in = in[0], cmd.out = o[1], cmd.err = x[1];
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_true(proc_spawn(&cmd, &pidfd, &e) > 0);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	close_fd(&o[1]);
	close_fd(&x[1]);
	assert_int_equal(fd_read_all(o[0], 1000, &out, &e), 0);
	assert_int_equal(fd_read_all(x[0], 1000, &err, &e), 0);
	assert_int_equal(proc_reap(pidfd), 0);
	assert_string_equal(out.s, "line:value:\n");
	/* (glibc's posix_spawn ignores its own two internal signals, 32 and 33.) */
	assert_true(starts_with(err.s, "SigBlk:\t0000000000000000\nSigIgn:\t0000000"));
	assert_true(ends_with(err.s, "80000000\n") || ends_with(err.s, "00000000\n"));
	close_fd(&pidfd);
	fd_close_many(in, 2);
	fd_close_many(o, 2);
	fd_close_many(x, 2);
}

TEST(a_helper_inherits_no_descriptor_of_ours)
{
	static const char script[] = "test -e /proc/self/fd/$0 -o -e /proc/self/fd/$1 && exit 7";
	autoclose int extra = open("/dev/null", O_RDONLY | O_CLOEXEC);
	autofree char *a = xasprintf("%d", extra), *b = NULL;
	const char *const argv[] = {"bash", "-c", script, a, a, NULL};
	autoclose int kept = dup(extra);
	struct err e = {0};

	b = xasprintf("%d", kept);
	assert_true(proc_run(argv, NULL, &e) != 7);
	/* ... and the test would see it: a descriptor that is not close-on-exec does arrive. */
	assert_int_equal(
		proc_run((const char *const[]){"bash", "-c", script, b, b, NULL}, NULL, &e), 7);
}

TEST(a_program_that_cannot_be_started_is_an_error)
{
	const char *const absent[] = {"no-such-program-here", NULL};
	const char *const text[] = {"/etc/passwd", NULL};
	const char *const dir[] = {"/etc", NULL};
	const char *const *const all[] = {absent, text, dir};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct err e = {0};
		int pidfd = -1;

		assert_int_equal(proc_spawn(&(struct proc_cmd){.argv = all[i]}, &pidfd, &e), -1);
		assert_int_equal(pidfd, -1);
		assert_non_null(strstr(e.msg, all[i][0]));
		assert_int_equal(proc_run(all[i], NULL, &e), -1);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
	assert_int_equal(errno, ECHILD);
}

TEST(running_gives_the_code_and_what_the_helper_said)
{
	const char *const good[] = {"sh", "-c", "exit 0", NULL};
	const char *const bad[] = {"sh", "-c", "echo cannot do it >&2; echo >&2; exit 3", NULL};
	const char *const quiet[] = {"sh", "-c", "exit 9", NULL};
	autofree char *said = NULL, *nothing = NULL;
	struct err e = {0};

	assert_int_equal(proc_run(good, &nothing, &e), 0);
	assert_string_equal(nothing, "");
	assert_int_equal(proc_run(bad, &said, &e), 3);
	assert_string_equal(said, "cannot do it");
	assert_string_equal(e.msg, "sh: cannot do it");
	assert_int_equal(proc_run(quiet, NULL, &e), 9);
	assert_string_equal(e.msg, "sh: failed");
}

TEST(a_helper_that_talks_without_end_is_cut_and_does_not_block)
{
	const char *const argv[] = {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1",
	                            NULL};
	autofree char *said = NULL;
	struct err e = {0};

	assert_int_equal(proc_run(argv, &said, &e), 1);
	assert_int_equal(strlen(said), 4096);
	assert_true(strlen(e.msg) < sizeof(e.msg));
}

RUN_TESTS(CASE(a_child_is_known_by_its_pidfd_and_reaped_with_its_code),
          CASE(death_by_signal_is_128_plus_its_number),
          CASE(a_process_that_has_gone_has_no_pidfd_and_no_start_time),
          CASE(signals_do_not_stretch_a_wait), CASE(a_descriptor_that_is_no_process_has_not_ended),
          CASE(a_hostile_process_name_does_not_confuse_the_start_time),
          CASE(programs_are_found_in_path_and_sbin_but_never_by_a_relative_entry),
          CASE(a_helper_gets_its_descriptors_environment_and_default_signals),
          CASE(a_helper_inherits_no_descriptor_of_ours),
          CASE(a_program_that_cannot_be_started_is_an_error),
          CASE(running_gives_the_code_and_what_the_helper_said),
          CASE(a_helper_that_talks_without_end_is_cut_and_does_not_block))
