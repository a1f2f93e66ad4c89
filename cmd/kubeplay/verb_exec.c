/* SPDX-License-Identifier: Apache-2.0 */
/* verb_exec.c - run a command in a container that runs */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/client.h"
#include "pkg/util/log.h"

enum {
	EXIT_OURS = 125
}; /* the codes up to 255 are the command's, so our own failure needs one that says so */

struct values {
	bool interactive, tty;
	const char *container;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"stdin", 'i', OPTION_FLAG, offsetof(struct values, interactive), NULL,
         "give standard input to the command", NULL, 0, 0},
	{"tty", 't', OPTION_FLAG, offsetof(struct values, tty), NULL,
         "give it a terminal of its own", NULL, 0, 0},
	{"container", 'c', OPTION_STRING, offsetof(struct values, container), "NAME",
         "in this container (default: the annotated one, else the first)", NULL, 0, 0},
};

static int connect_project(const struct projects *ps, const struct project *p, struct client *ret,
                           struct err *e)
{
	autoclose int dirfd = dirs_open_project(ps->dirs, p->name, false, e);

	return dirfd < 0 ? -1 : client_connect(dirfd, ret, e);
}

static void set_size(struct client_exec *x)
{
	struct winsize w;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0) {
		x->rows = w.ws_row;
		x->cols = w.ws_col;
	}
}

static int exec_in(struct client *client, struct client_exec *x, struct err *e)
{
	autoclose int nothing = -1;
	int code = 0;

	if (!x->interactive) {
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (nothing < 0)
			return err_sys(e, errno, "open /dev/null");
		x->in = nothing;
	}
	if (client_exec(client, x, &code, e) < 0)
		return -1;
	return code;
}

static int find_and_exec(struct cli *c, const struct values *v, char **args, struct err *e)
{
	autoprojects struct projects ps = {0};
	struct client client = {.fd = -1};
	struct client_exec x = {
		.argv = args + 1,
		.interactive = v->interactive,
		.tty = v->tty,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
	};
	const struct state_container *container;
	struct pod_ref ref;
	int r;

	if (!args[1])
		return err_set(e, ERR_USAGE,
		               "exec: which command? usage: kubeplay exec %s -- COMMAND", args[0]);
	if (projects_load(c, &ps, e) < 0 || projects_find_pod(&ps, args[0], &ref, e) < 0)
		return -1;
	if (v->container) {
		if (projects_find_container(ref.pod, v->container, &container, e) < 0)
			return -1;
		x.container = container->name;
	}
	x.pod = ref.pod->name;
	if (x.tty && !isatty(STDIN_FILENO)) {
		log_warn("no terminal for -t: standard input is not one");
		x.tty = false;
	}
	if (x.tty)
		set_size(&x);
	if (connect_project(&ps, ref.project, &client, e) < 0)
		return e->kind == ERR_ABSENT
		               ? err_set(e, ERR_ABSENT, "pod %s does not run any more",
		                         ref.pod->name)
		               : -1;
	r = exec_in(&client, &x, e);
	client_close(&client);
	return r;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	int code = find_and_exec(c, values, args, e);

	if (code >= 0)
		return code;
	if (e->kind == ERR_USAGE)
		return -1;
	report_error(e);
	return EXIT_OURS;
}

const struct verb verb_exec = {
	.name = "exec",
	.usage = "POD [--] COMMAND [ARGUMENT]...",
	.summary = "run a command in a running container",
	.text = "Options stand before the command. The exit code is the command's: 126 it cannot be executed, 127 it was not\n"
		"found, 128 + N it was killed by signal N; 125 is a failure of kubeplay itself, 2 a wrong command line.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = 1,
	.has_command = true,
	.run = run,
};
