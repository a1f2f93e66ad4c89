/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - filling and wrapping struct err; see err.h */
#include "pkg/util/err.h"

#include <errno.h>

static void set_text(struct err *e, const char *fmt, va_list ap)
{
	if (vsnprintf(e->msg, sizeof(e->msg), fmt, ap) < 0)
		e->msg[0] = '\0';
}

static void add_text(struct err *e, const char *text)
{
	size_t len = strlen(e->msg);

	(void)snprintf(e->msg + len, sizeof(e->msg) - len, "%s", text);
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	return -1;
}

static int sys_text(struct err *e, enum err_kind kind, int num, const char *fmt, va_list ap)
{
	char buf[128];

	e->kind = kind;
	e->sys = num;
	set_text(e, fmt, ap);
	add_text(e, ": ");
	add_text(e, strerror_r(num, buf, sizeof(buf)));
	return -1;
}

int err_sys(struct err *e, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sys_text(e, ERR_HOST, num, fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys_kind(struct err *e, enum err_kind kind, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sys_text(e, kind, num, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	add_text(e, ": ");
	add_text(e, old);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	char hint[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(hint, sizeof(hint), fmt, ap) < 0)
		hint[0] = '\0';
	va_end(ap);
	add_text(e, "\n  ");
	add_text(e, hint);
	return -1;
}

int err_exit_code(const struct err *e)
{
	static const int codes[ERR_KIND_COUNT] = {
		[ERR_NONE] = 0,    [ERR_WORKLOAD] = 1,      [ERR_ABSENT] = 1, [ERR_USAGE] = 2,
		[ERR_INPUT] = 3,   [ERR_UNSUPPORTED] = 3,   [ERR_IMAGE] = 4,  [ERR_HOST] = 5,
		[ERR_TIMEOUT] = 6, [ERR_INTERRUPTED] = 130,
	};

	return (unsigned int)e->kind < ERR_KIND_COUNT ? codes[e->kind] : 1;
}
