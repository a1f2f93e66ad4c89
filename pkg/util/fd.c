/* SPDX-License-Identifier: Apache-2.0 */
/* fd.c - see fd.h */
#include "pkg/util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

int fd_write_all(int fd, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, struct strbuf *out, struct err *e)
{
	size_t start = out->len;
	char buf[65536];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "read");
		if (n == 0)
			return 0;
		if (out->len - start + (size_t)n > max)
			return err_set(e, ERR_INPUT, "larger than the limit of %zu bytes", max);
		strbuf_add(out, buf, (size_t)n);
		if (out->overflow)
			return err_set(e, ERR_INPUT, "larger than the limit of %zu bytes",
			               out->max);
	}
}

int fd_read_file(int dirfd, const char *path, size_t max, struct strbuf *out, struct err *e)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a regular file", path);
	if (fd_read_all(fd, max, out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

int fd_memfd(const char *name, const void *data, size_t len, struct err *e)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_sys(e, errno, "memfd_create");
	if (fd_write_all(fd, data, len, e) < 0)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, errno, "seal memfd");
	(void)lseek(fd, 0, SEEK_SET);
	return take_fd(&fd);
}

int fd_read_memfd(int fd, size_t max, struct strbuf *out, struct err *e)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	ssize_t n;
	size_t done = 0;

	if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
		return err_set(e, ERR_INPUT, "the descriptor is not a sealed memfd");
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat memfd");
	if ((uint64_t)st.st_size > max)
		return err_set(e, ERR_INPUT, "larger than the limit of %zu bytes", max);
	while (done < (size_t)st.st_size) {
		char buf[65536];

		n = pread(fd, buf, sizeof(buf), (off_t)done);
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "read memfd");
		strbuf_add(out, buf, (size_t)n);
		done += (size_t)n;
	}
	if (out->overflow)
		return err_set(e, ERR_INPUT, "larger than the limit of %zu bytes", out->max);
	return 0;
}

ssize_t fd_send_msg(int sock, const void *data, size_t len, const int *fds, size_t nfds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FD_MAX_PASS)];
		struct cmsghdr align;
	} control = {0};
	char empty = 0;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	iov.iov_base = len ? xmemdup(data, len) : &empty;
	iov.iov_len = len ? len : 1;
	if (nfds > FD_MAX_PASS) {
		errno = EMSGSIZE;
		n = -1;
		goto out;
	}
	if (nfds) {
		struct cmsghdr *c = &control.align; /* the first, as CMSG_FIRSTHDR() says */

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
out:
	if (len) {
		int saved = errno;

		free(iov.iov_base);
		errno = saved;
	}
	return n;
}

static size_t collect_fds(struct msghdr *msg, int *fds, size_t room)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (count < room)
				fds[count++] = fd;
			else
				(void)close(fd);
		}
	}
	return count;
}

ssize_t fd_recv_msg(int sock, void *data, size_t len, int *fds, size_t *ret_nfds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FD_MAX_PASS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t count;
	ssize_t n;

	*ret_nfds = 0;
	do {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	count = collect_fds(&msg, fds, FD_MAX_PASS);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		fd_close_many(fds, count);
		errno = EMSGSIZE;
		return -1;
	}
	*ret_nfds = count;
	return n;
}

void fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void fd_set_cloexec(int fd, bool on)
{
	(void)fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

void fd_close_many(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close_fd(&fds[i]);
}
