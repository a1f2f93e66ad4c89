/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c - capabilities by name and number, and the three system calls that change them; see caps.h
 */
#include "pkg/runtime/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define BIT(cap)  (UINT64_C(1) << (cap))
#define NAME(cap) [CAP_##cap] = #cap

static const char *const names[] = {
	NAME(CHOWN),
	NAME(DAC_OVERRIDE),
	NAME(DAC_READ_SEARCH),
	NAME(FOWNER),
	NAME(FSETID),
	NAME(KILL),
	NAME(SETGID),
	NAME(SETUID),
	NAME(SETPCAP),
	NAME(LINUX_IMMUTABLE),
	NAME(NET_BIND_SERVICE),
	NAME(NET_BROADCAST),
	NAME(NET_ADMIN),
	NAME(NET_RAW),
	NAME(IPC_LOCK),
	NAME(IPC_OWNER),
	NAME(SYS_MODULE),
	NAME(SYS_RAWIO),
	NAME(SYS_CHROOT),
	NAME(SYS_PTRACE),
	NAME(SYS_PACCT),
	NAME(SYS_ADMIN),
	NAME(SYS_BOOT),
	NAME(SYS_NICE),
	NAME(SYS_RESOURCE),
	NAME(SYS_TIME),
	NAME(SYS_TTY_CONFIG),
	NAME(MKNOD),
	NAME(LEASE),
	NAME(AUDIT_WRITE),
	NAME(AUDIT_CONTROL),
	NAME(SETFCAP),
	NAME(MAC_OVERRIDE),
	NAME(MAC_ADMIN),
	NAME(SYSLOG),
	NAME(WAKE_ALARM),
	NAME(BLOCK_SUSPEND),
	NAME(AUDIT_READ),
	NAME(PERFMON),
	NAME(BPF),
	NAME(CHECKPOINT_RESTORE),
};

uint64_t caps_default(void)
{
	return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
	       BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) |
	       BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	       BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);
}

/* The kernel's own table may be longer or shorter than ours. */
static int last_cap(void)
{
	int cap = CAP_LAST_CAP;

	while (cap > 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
		cap--;
	while (cap < 63 && prctl(PR_CAPBSET_READ, cap + 1, 0, 0, 0) >= 0)
		cap++;
	return cap;
}

uint64_t caps_all(void)
{
	int last = last_cap();

	return last == 63 ? ~UINT64_C(0) : BIT(last + 1) - 1;
}

int caps_number(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i] && strcasecmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* The set that a list of names means. */
static int list_set(char *const *list, size_t count, const char *which, uint64_t *ret,
                    struct err *e)
{
	uint64_t set = 0;

	for (size_t i = 0; i < count; i++) {
		int cap = caps_number(list[i]);

		if (strcasecmp(list[i], "ALL") == 0 || strcasecmp(list[i], "CAP_ALL") == 0)
			set = caps_all();
		else if (cap >= 0)
			set |= BIT(cap);
		else
			return err_set(e, ERR_INPUT,
			               "capabilities.%s: there is no capability \"%s\"", which,
			               list[i]);
	}
	*ret = set;
	return 0;
}

int caps_compute(bool privileged, char *const *add, size_t add_count, char *const *drop,
                 size_t drop_count, uint64_t *ret, struct err *e)
{
	uint64_t plus, minus;

	if (list_set(add, add_count, "add", &plus, e) < 0 ||
	    list_set(drop, drop_count, "drop", &minus, e) < 0)
		return -1;
	*ret = privileged ? caps_all() : ((caps_default() & ~minus) | plus) & caps_all();
	return 0;
}

int caps_set_bounding(uint64_t bounding, struct err *e)
{
	int last = last_cap();

	for (int cap = 0; cap <= last; cap++)
		if (!(bounding & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, errno, "drop capability %d from the bounding set", cap);
	return 0;
}

int caps_set(uint64_t effective, uint64_t permitted, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
	         .permitted = (uint32_t)(permitted >> 32)},
	};

	/* The kernel empties the ambient set by itself, as it is never larger than the inheritable
	 * one. */
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, errno, "capset %#llx", (unsigned long long)permitted);
	return 0;
}
