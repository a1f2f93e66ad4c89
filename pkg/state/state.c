/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - the state record on disk; see state.h */
#include "pkg/state/state.h"

#include <errno.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/record.h"

enum { STATE_VERSION = 1, STATE_MAX = 64 << 20, EXIT_UNKNOWN = 137 };

static const cyaml_strval_t state_phase_strings[] = {
	{"waiting", STATE_WAITING},
	{"running", STATE_RUNNING},
	{"terminated", STATE_TERMINATED},
};
static const cyaml_strval_t state_pod_phase_strings[] = {
	{"Pending", STATE_PENDING}, {"Running", STATE_POD_RUNNING}, {"Succeeded", STATE_SUCCEEDED},
	{"Failed", STATE_FAILED},   {"Unknown", STATE_UNKNOWN},
};

#include "pkg/util/def_schema.h"

#include "pkg/state/state.def"

#include "pkg/util/def_end.h"

int state_save(int dirfd, const struct state_project *s, struct err *e)
{
	autostrbuf struct strbuf text = {0};

	if (record_save(&state_project_top, s, &text, e) < 0)
		return err_wrap(e, "state");
	/* Not durable: after a power failure no supervisor lives, and a file that is empty then
	 * says the same as one that is absent. */
	return fs_write_atomic(dirfd, "state.yaml", text.s, text.len, 0600, false, e);
}

/* What everybody takes for granted of a record that was loaded. */
static bool whole(const struct state_project *s)
{
	if (!s->project || !s->project_namespace)
		return false;
	for (uint32_t i = 0; i < s->pods_count; i++) {
		if (!s->pods[i].name)
			return false;
		for (uint32_t j = 0; j < s->pods[i].containers_count; j++)
			if (!s->pods[i].containers[j].name)
				return false;
	}
	return true;
}

int state_load(int dirfd, struct state_project **ret, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	void *s = NULL;

	if (fd_read_file(dirfd, "state.yaml", STATE_MAX, &text, e) < 0) {
		if (e->sys == ENOENT)
			e->kind = ERR_ABSENT;
		return -1;
	}
	if (!text.len || memchr(text.s, '\0', text.len))
		return err_set(e, ERR_ABSENT, "state.yaml is empty or damaged");
	if (record_load(&state_project_top, text.s, text.len, &s, e) < 0)
		return err_wrap(e, "state.yaml");
	if (((struct state_project *)s)->version != STATE_VERSION)
		(void)err_set(e, ERR_INPUT, "state.yaml has version %lld, this program knows %d",
		              (long long)((struct state_project *)s)->version, STATE_VERSION);
	else if (!whole(s))
		(void)err_set(e, ERR_INPUT, "state.yaml is damaged");
	if (e->kind) {
		state_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void state_free(struct state_project *s)
{
	record_free(&state_project_top, s);
}

void state_pod_done(struct state_pod *p)
{
	struct state_pod *whole = xmemdup(p, sizeof(*p));

	record_free(&state_pod_top, whole);
	*p = (struct state_pod){0};
}

void state_set(char **member, const char *text)
{
	if (*member && text && streq(*member, text))
		return;
	free(*member);
	*member = text ? xstrdup(text) : NULL;
}

static bool mark_container(struct state_container *c)
{
	static const char gone[] = "the supervisor is gone";

	c->ready = false;
	c->pid = 0;
	if (c->state == STATE_TERMINATED)
		return c->now.exit_code != 0;
	if (c->state == STATE_RUNNING) {
		c->state = STATE_TERMINATED;
		c->now.exit_code = EXIT_UNKNOWN;
		state_set(&c->now.reason, "Unknown");
		state_set(&c->now.message, gone);
	} else {
		c->restart_at_ns = 0;
		state_set(&c->reason, "Unknown");
		state_set(&c->message, gone);
	}
	return true;
}

void state_mark_gone(struct state_project *s)
{
	for (uint32_t i = 0; i < s->pods_count; i++) {
		struct state_pod *p = &s->pods[i];
		bool lost = false;

		for (uint32_t j = 0; j < p->containers_count; j++)
			lost |= mark_container(&p->containers[j]);
		p->ready = false;
		if (p->phase == STATE_SUCCEEDED || p->phase == STATE_FAILED)
			continue;
		p->phase = lost ? STATE_FAILED : STATE_SUCCEEDED;
		if (lost) {
			state_set(&p->reason, "SupervisorGone");
			state_set(&p->message, "the supervisor of the project is not running");
		}
	}
}

const char *state_pod_phase_text(enum state_pod_phase p)
{
	return (unsigned int)p < ARRAY_LEN(state_pod_phase_strings) ? state_pod_phase_strings[p].str
	                                                            : "Unknown";
}
