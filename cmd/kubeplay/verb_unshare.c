/* SPDX-License-Identifier: Apache-2.0 */
/* verb_unshare.c - be container root for a moment: the same mapping as pods have, for looking at
 * what sub-ids own */
#include <errno.h>
#include <signal.h>

#include "cmd/kubeplay/verb.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/proc.h"

static int exec_command(void *arg)
{
	char **argv = arg;
	int code;

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)execvp(argv[0], argv);
	code = errno == ENOENT ? 127 : 126;
	(void)fprintf(stderr, "kubeplay: %s: %s\n", argv[0], strerror(errno));
	return code;
}

static int run_mapped(const struct idmap *m, char **argv, struct err *e)
{
	autoclose int pidfd = -1;
	int code;

	(void)signal(SIGINT, SIG_IGN); /* as a shell does: the command decides */
	(void)signal(SIGQUIT, SIG_IGN);
	if (userns_fork(m, 0, exec_command, argv, &pidfd, e) < 0)
		return -1;
	code = proc_reap(pidfd);
	return code < 0 ? err_sys(e, errno, "wait for the command") : code;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const char *shell = getenv("SHELL");
	autofree char *program = xstrdup(shell && *shell ? shell : "/bin/sh");
	char *only_shell[] = {program, NULL};
	const struct idmap *m;
	const struct dirs *d;

	UNUSED(values);
	if (cli_ids(c, &m, e) < 0 || cli_dirs(c, &d, e) < 0)
		return -1;
	if (m->single)
		cli_warn(m->why_single);
	(void)setenv("KUBEPLAY_ROOT", d->root, 1);
	return run_mapped(m, args[0] ? args : only_shell, e);
}

const struct verb verb_unshare = {
	.name = "unshare",
	.usage = "[COMMAND [ARGUMENT]...]",
	.summary = "run a command (or $SHELL) with the pods' user mapping",
	.text = "In there you may read and change what containers own. KUBEPLAY_ROOT is set:\n"
		"  kubeplay unshare sh -c 'du -sh \"$KUBEPLAY_ROOT\"/volumes/*/*'",
	.has_command = true,
	.run = run,
};
