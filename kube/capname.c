/* SPDX-License-Identifier: Apache-2.0 */
/* capname.c - see capname.h */
#include "kube/capname.h"

#include <ctype.h>
#include <strings.h>

static const char *const names[] = {
	"ALL",
	"AUDIT_CONTROL",
	"AUDIT_READ",
	"AUDIT_WRITE",
	"BLOCK_SUSPEND",
	"BPF",
	"CHECKPOINT_RESTORE",
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"IPC_LOCK",
	"IPC_OWNER",
	"KILL",
	"LEASE",
	"LINUX_IMMUTABLE",
	"MAC_ADMIN",
	"MAC_OVERRIDE",
	"MKNOD",
	"NET_ADMIN",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_RAW",
	"PERFMON",
	"SETFCAP",
	"SETGID",
	"SETPCAP",
	"SETUID",
	"SYSLOG",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_CHROOT",
	"SYS_MODULE",
	"SYS_NICE",
	"SYS_PACCT",
	"SYS_PTRACE",
	"SYS_RAWIO",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"WAKE_ALARM",
};

static const char *stem(const char *name)
{
	return strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
}

bool capname_same(const char *name, const char *capability)
{
	return strcasecmp(stem(name), capability) == 0;
}

bool capname_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (capname_same(name, names[i]))
			return true;
	return false;
}

const char *capname_nth(size_t i)
{
	return i < ARRAY_LEN(names) ? names[i] : NULL;
}

char *capname_plain(const char *name)
{
	char *s = xstrdup(stem(name));

	for (char *p = s; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return s;
}
