/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - messages that are not results
 *
 * Libraries return errors and may only log at debug level; programs (cmd/, pkg/pod/supervisor.c)
 * speak. One line per call, on stderr or on the descriptor given to log_to(). This is the only
 * mutable file-scope state of the program.
 */
#pragma once

#include "pkg/util/base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Show messages up to this level (default: warnings). */
void log_set_level(enum log_level level);
/* Parse error|warn|info|debug; -1 if it is none of them. */
int log_parse_level(const char *text);
/* Write to fd (a loan) instead of stderr; with stamps, each line begins with the time in UTC. */
void log_to(int fd, bool stamps);

void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
