/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one line per message, one write() per line; see log.h */
#include "pkg/util/log.h"

#include <errno.h>

#include "pkg/util/clock.h"

static enum log_level max_level = LOG_LEVEL_WARN;
static int out_fd = STDERR_FILENO;
static bool with_stamps;

void log_set_level(enum log_level level)
{
	max_level = level;
}

int log_parse_level(const char *text)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(text, names[i]))
			return (int)i;
	return -1;
}

void log_to(int fd, bool stamps)
{
	out_fd = fd;
	with_stamps = stamps;
}

/* What came from outside must not drive the terminal: only text, tabs and line ends pass. */
static void tame(char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool c1 = c == 0xc2 && i + 1 < len && ((unsigned char)s[i + 1] & 0xe0) == 0x80;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			s[i] = '?';
		else if (c1)
			s[i] = s[i + 1] = '?';
	}
}

static PRINTF(2, 0) void emit(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const prefix[] = {
		[LOG_LEVEL_ERROR] = "error: ",
		[LOG_LEVEL_WARN] = "warning: ",
		[LOG_LEVEL_INFO] = "",
		[LOG_LEVEL_DEBUG] = "debug: ",
	};
	char stamp[CLOCK_RFC3339_SIZE + 1] = "";
	char line[2048];
	int saved = errno, len, more;

	if (level > max_level)
		return;
	if (with_stamps) {
		clock_rfc3339(clock_real_ns(), stamp);
		(void)snprintf(stamp + strlen(stamp), 2, " ");
	}
	len = snprintf(line, sizeof(line), "%s%s%s", stamp,
	               with_stamps ? "" : "kubeplay: ", prefix[level]);
	more = vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, ap);
	if (more < 0)
		return;
	len = MIN(len + more, (int)sizeof(line) - 2);
	tame(line, (size_t)len);
	line[len++] = '\n';
	(void)!write(out_fd, line, (size_t)len);
	errno = saved;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		emit(level, fmt, ap);                                                              \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
