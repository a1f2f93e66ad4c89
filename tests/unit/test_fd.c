/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += is_open(fd);
	return n;
}

TEST(a_whole_file_is_read_up_to_its_limit)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_write_all(p[1], "0123456789", 10, &e), 0);
	close_fd(&p[1]);
	strbuf_adds(&b, "before:");
	assert_int_equal(fd_read_all(p[0], 10, &b, &e), 0);
	assert_string_equal(b.s, "before:0123456789");
	close_fd(&p[0]);
}

TEST(one_byte_too_many_is_wrong_input)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_write_all(p[1], "0123456789", 10, &e), 0);
	close_fd(&p[1]);
	assert_int_equal(fd_read_all(p[0], 9, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	close_fd(&p[0]);
}

/* Otherwise this would read for ever: the buffer does not grow, so its length never meets the
 * limit. */
TEST(an_endless_file_ends_at_the_ceiling_of_the_buffer)
{
	autostrbuf struct strbuf b = STRBUF_MAX(100);
	autoclose int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct err e = {0};

	(void)alarm(20);
	assert_int_equal(fd_read_all(zero, SIZE_MAX / 2, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	(void)alarm(0);
}

TEST(only_regular_files_are_read_by_name)
{
	autostrbuf struct strbuf b = {0};
	char dir[] = "/tmp/kp-fd-XXXXXX";
	struct err e = {0};
	autoclose int d = -1;

	assert_non_null(mkdtemp(dir));
	d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkfifoat(d, "fifo", 0600), 0);
	(void)alarm(20); /* a FIFO without a writer must not block us */
	assert_int_equal(fd_read_file(d, "fifo", 100, &b, &e), -1);
	(void)alarm(0);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(fd_read_file(d, ".", 100, &b, &e), -1);
	assert_int_equal(fd_read_file(d, "absent", 100, &b, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(fd_read_file(d, "/dev/zero", 100, &b, &e), -1);
	assert_int_equal(b.len, 0);
	(void)unlinkat(d, "fifo", 0);
	(void)rmdir(dir);
}

TEST(writing_into_a_closed_pipe_is_an_error)
{
	struct err e = {0};
	int p[2];

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(p), 0);
	close_fd(&p[0]);
	assert_int_equal(fd_write_all(p[1], "x", 1, &e), -1);
	assert_int_equal(e.sys, EPIPE);
	close_fd(&p[1]);
}

TEST(a_memfd_is_sealed_and_reads_back)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	autoclose int fd = fd_memfd("plan", "hello\0world", 11, &e);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_read_memfd(fd, 11, &b, &e), 0);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.s, "hello\0world", 11);
	assert_int_equal(fd_read_memfd(fd, 10, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

TEST(an_empty_memfd_is_fine)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	autoclose int fd = fd_memfd("none", "", 0, &e);

	assert_int_equal(fd_read_memfd(fd, 0, &b, &e), 0);
	assert_int_equal(b.len, 0);
}

/* Whoever sent it could change it, or cut it short under our reader, after we checked it. */
TEST(a_memfd_that_can_still_change_is_refused)
{
	static const int seals[] = {0, F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SEAL};
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	int p[2];

	for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
		autoclose int fd = memfd_create("m", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		assert_int_equal(fd_read_memfd(fd, 100, &b, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_read_memfd(p[0], 100, &b, &e), -1);
	assert_int_equal(fd_read_memfd(-1, 100, &b, &e), -1);
	fd_close_many(p, 2);
}

static void pair(int s[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
}

TEST(a_message_carries_descriptors)
{
	int s[2], p[2], got[FD_MAX_PASS];
	char buf[16] = "";
	size_t n = 99;
	struct err e = {0};

	pair(s);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_send_msg(s[0], "hi", 2, p, 2), 2);
	assert_int_equal(fd_recv_msg(s[1], buf, sizeof(buf), got, &n), 2);
	assert_memory_equal(buf, "hi", 2);
	assert_int_equal(n, 2);
	assert_int_equal(fcntl(got[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_write_all(got[1], "x", 1, &e), 0);
	assert_int_equal(read(p[0], buf, 1), 1);
	fd_close_many(got, n);
	assert_int_equal(got[0], -1);
	fd_close_many(p, 2);
	fd_close_many(s, 2);
}

TEST(the_most_descriptors_pass_and_one_more_does_not)
{
	int s[2], got[FD_MAX_PASS], many[FD_MAX_PASS + 1];
	char buf[16];
	size_t n;

	pair(s);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = STDERR_FILENO;
	assert_int_equal(fd_send_msg(s[0], "x", 1, many, FD_MAX_PASS), 1);
	assert_int_equal(fd_recv_msg(s[1], buf, sizeof(buf), got, &n), 1);
	assert_int_equal(n, FD_MAX_PASS);
	fd_close_many(got, n);
	assert_int_equal(fd_send_msg(s[0], "x", 1, many, FD_MAX_PASS + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	fd_close_many(s, 2);
}

/* A peer that is not our fd_send_msg() sends more than we have room for: none of it may leak. */
TEST(too_many_descriptors_are_an_error_and_none_stays_open)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 200)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(char[]){"x"}, 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int s[2], got[FD_MAX_PASS], many[200], before;
	char buf[16];
	size_t n = 5;

	pair(s);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(many));
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = STDERR_FILENO;
	memcpy(CMSG_DATA(c), many, sizeof(many));
	assert_int_equal(sendmsg(s[0], &msg, 0), 1);
	before = count_open();
	assert_int_equal(fd_recv_msg(s[1], buf, sizeof(buf), got, &n), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(count_open(), before);
	fd_close_many(s, 2);
}

TEST(a_message_that_is_too_long_is_an_error_and_its_descriptors_are_closed)
{
	int s[2], got[FD_MAX_PASS], one = STDERR_FILENO, before;
	char buf[4];
	size_t n = 5;

	pair(s);
	assert_int_equal(fd_send_msg(s[0], "12345", 5, &one, 1), 5);
	before = count_open();
	assert_int_equal(fd_recv_msg(s[1], buf, sizeof(buf), got, &n), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(count_open(), before);
	fd_close_many(s, 2);
}

TEST(a_peer_that_has_gone_is_end_of_file_or_an_error_never_a_signal)
{
	int s[2], got[FD_MAX_PASS];
	char buf[4];
	size_t n;

	(void)signal(SIGPIPE, SIG_DFL);
	pair(s);
	close_fd(&s[0]);
	assert_int_equal(fd_recv_msg(s[1], buf, sizeof(buf), got, &n), 0);
	assert_int_equal(fd_send_msg(s[1], "x", 1, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
	close_fd(&s[1]);
}

TEST(flags_can_be_set_and_cleared)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	fd_set_nonblock(p[0], true);
	assert_int_equal(fcntl(p[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	fd_set_nonblock(p[0], false);
	assert_int_equal(fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
	fd_set_cloexec(p[0], true);
	assert_int_equal(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	fd_set_cloexec(p[0], false);
	assert_int_equal(fcntl(p[0], F_GETFD), 0);
	fd_close_many(p, 2);
}

TEST(handing_over_leaves_nothing_to_close)
{
	int p[2], taken;

	assert_int_equal(pipe(p), 0);
	{
		autoclose int mine = p[0];

		taken = take_fd(&mine);
		assert_int_equal(mine, -1);
	}
	assert_true(is_open(taken));
	{
		autoclose int mine = taken;

		UNUSED(mine);
		errno = EBADMSG;
	}
	assert_int_equal(errno, EBADMSG); /* clean-up keeps errno */
	assert_false(is_open(taken));
	close_fd(&p[1]);
}

RUN_TESTS(CASE(a_whole_file_is_read_up_to_its_limit), CASE(one_byte_too_many_is_wrong_input),
          CASE(an_endless_file_ends_at_the_ceiling_of_the_buffer),
          CASE(only_regular_files_are_read_by_name), CASE(writing_into_a_closed_pipe_is_an_error),
          CASE(a_memfd_is_sealed_and_reads_back), CASE(an_empty_memfd_is_fine),
          CASE(a_memfd_that_can_still_change_is_refused), CASE(a_message_carries_descriptors),
          CASE(the_most_descriptors_pass_and_one_more_does_not),
          CASE(too_many_descriptors_are_an_error_and_none_stays_open),
          CASE(a_message_that_is_too_long_is_an_error_and_its_descriptors_are_closed),
          CASE(a_peer_that_has_gone_is_end_of_file_or_an_error_never_a_signal),
          CASE(flags_can_be_set_and_cleared), CASE(handing_over_leaves_nothing_to_close))
