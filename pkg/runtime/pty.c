/* SPDX-License-Identifier: Apache-2.0 */
/* pty.c - see pty.h */
#include "pkg/runtime/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

enum { DEVPTS_MAGIC = 0x1cd1 };

/* Both ends come from this one descriptor, so nothing that a container does to names in /dev can
 * redirect them. */
static int open_master(int dev_fd, const char *ptmx, struct err *e)
{
	autoclose int fd =
		fs_open_in(dev_fd, ptmx, O_RDWR | O_NOCTTY | O_NONBLOCK, 0, RESOLVE_NO_SYMLINKS);
	struct statfs fs;
	int unlock = 0;

	if (fd < 0)
		return err_sys(e, errno, "terminal: open %s", ptmx);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_MAGIC)
		return err_set(e, ERR_WORKLOAD, "terminal: %s of the container is not a devpts",
		               ptmx);
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, errno, "terminal: unlock");
	fd_set_nonblock(fd, false);
	return take_fd(&fd);
}

int pty_open(int dev_fd, const char *ptmx, int sock, uint32_t uid, uint16_t rows, uint16_t cols,
             struct err *e)
{
	autoclose int master = open_master(dev_fd, ptmx, e), slave = -1;
	struct winsize size = {.ws_row = rows, .ws_col = cols};

	if (master < 0)
		return -1;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, errno, "terminal: open the slave");
	if (rows && cols)
		(void)ioctl(master, TIOCSWINSZ, &size);
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return err_sys(e, errno, "terminal: chown to uid %u", uid);
	if (fd_send_msg(sock, "t", 1, &master, 1) < 0)
		return err_sys(e, errno, "terminal: send the master");
	return take_fd(&slave);
}
