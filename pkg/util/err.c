/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - filling and wrapping struct err; see err.h */
#include "pkg/util/err.h"

#include <errno.h>

/* By way of a copy: an argument may well be the old text of e. */
static PRINTF(2, 0) void set_text(struct err *e, const char *fmt, va_list ap)
{
	char text[sizeof(e->msg)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	memcpy(e->msg, text, strlen(text) + 1);
}

/*
 * Add a separator and text. When both are too long together it is the front that loses its end: the
 * reason at the back says more than the last part of a path; it keeps at least half of the room.
 */
static void add_text(struct err *e, const char *sep, const char *text)
{
	size_t tail = MIN(strlen(sep) + strlen(text), sizeof(e->msg) / 2);
	size_t len = MIN(strlen(e->msg), sizeof(e->msg) - 1 - tail);

	(void)snprintf(e->msg + len, sizeof(e->msg) - len, "%s%s", sep, text);
}

int(err_set)(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	return -1;
}

static PRINTF(4, 0) int sys_text(struct err *e, enum err_kind kind, int num, const char *fmt,
                                 va_list ap)
{
	char buf[128];

	e->kind = kind;
	e->sys = num;
	set_text(e, fmt, ap);
	add_text(e, ": ", strerror_r(num, buf, sizeof(buf)));
	return -1;
}

int(err_sys)(struct err *e, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sys_text(e, ERR_HOST, num, fmt, ap);
	va_end(ap);
	return -1;
}

int(err_sys_kind)(struct err *e, enum err_kind kind, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sys_text(e, kind, num, fmt, ap);
	va_end(ap);
	return -1;
}

int(err_wrap)(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	add_text(e, ": ", old);
	return -1;
}

int(err_hint)(struct err *e, const char *fmt, ...)
{
	char hint[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(hint, sizeof(hint), fmt, ap) < 0)
		hint[0] = '\0';
	va_end(ap);
	add_text(e, "\n  ", hint);
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
