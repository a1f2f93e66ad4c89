/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - see confine.h */
#include "cmd/kubeplay-image/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "pkg/util/log.h"

#define BIT(n) (UINT64_C(1) << (n))

static const uint64_t wanted_caps = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
                                    BIT(CAP_FSETID) | BIT(CAP_SETFCAP) | BIT(CAP_MKNOD);

static int keep_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		uint32_t part = (uint32_t)(caps >> (32 * i));

		data[i].permitted &= part;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &head, data);
}

/* Everything landlock of the first two ABIs knows but reading and executing. */
static const uint64_t writes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                               LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                               LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                               LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                               LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |
                               LANDLOCK_ACCESS_FS_REFER;

/* The first ABI cannot allow moving files between directories: then without. */
static int write_below_only(int store_fd)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = writes};
	struct landlock_path_beneath_attr below = {.allowed_access = writes, .parent_fd = store_fd};
	autoclose int rules = -1;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 2)
		return -1;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0 || (store_fd >= 0 && syscall(SYS_landlock_add_rule, rules,
	                                           LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0))
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

int confine(int store_fd, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, errno, "prctl");
	if (write_below_only(store_fd) < 0)
		log_debug("landlock is not available: %s", strerror(errno));
	if (keep_caps(store_fd < 0 ? 0 : wanted_caps) < 0)
		return err_sys(e, errno, "capset");
	return 0;
}
