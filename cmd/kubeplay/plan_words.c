/* SPDX-License-Identifier: Apache-2.0 */
/* plan_words.c - see plan_words.h */
#include "cmd/kubeplay/plan_words.h"

#include <inttypes.h>

#include "pkg/util/record.h"

enum { LABEL_WIDTH = 9 };

void plan_word(struct strbuf *out, const char *text)
{
	autofree char *clean = str_sanitize(text, strlen(text));

	strbuf_adds(out, clean);
}

void plan_word_quoted(struct strbuf *out, const char *text)
{
	autostrbuf struct strbuf quoted = {0};

	if (*text && !strpbrk(text, " \t\n\"\\")) {
		plan_word(out, text);
		return;
	}
	record_json_string(text, &quoted);
	plan_word(out, quoted.s);
}

void plan_line(struct strbuf *out, int indent, const char *label, struct strbuf *words)
{
	if (words->len)
		strbuf_addf(out, "%*s%-*s%s\n", indent, "", LABEL_WIDTH, label, words->s);
	strbuf_clear(words);
}

void plan_words_strings(struct strbuf *out, char *const *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		strbuf_addc(out, ' ');
		plan_word_quoted(out, list[i]);
	}
}

void plan_words_pairs(struct strbuf *out, const struct plan_label *l, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		strbuf_addc(out, ' ');
		plan_word(out, l[i].key);
		if (!l[i].value)
			continue;
		strbuf_addc(out, '=');
		plan_word_quoted(out, l[i].value);
	}
}

/* --- security ----------------------------------------------------------------------------- */

static void add_profile(struct strbuf *out, const char *what, enum plan_profile type,
                        const char *name)
{
	static const char *const words[] = {
		[PLAN_PROFILE_RUNTIME_DEFAULT] = "default",
		[PLAN_PROFILE_UNCONFINED] = "unconfined",
		[PLAN_PROFILE_LOCALHOST] = "file",
	};

	if (type == PLAN_PROFILE_UNSET)
		return;
	strbuf_addf(out, " %s %s", what, words[type]);
	if (!name)
		return;
	strbuf_addc(out, ' ');
	plan_word_quoted(out, name);
}

static void add_selinux(struct strbuf *out, const struct plan_selinux *s)
{
	const char *const parts[] = {s->user, s->role, s->type, s->level};

	strbuf_adds(out, " selinux ");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		strbuf_adds(out, i ? ":" : "");
		plan_word(out, parts[i] ? parts[i] : "");
	}
}

static void add_each(struct strbuf *out, const char *prefix, char *const *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		strbuf_adds(out, prefix);
		plan_word(out, list[i]);
	}
}

void plan_words_security(struct strbuf *out, const struct plan_security *s)
{
	if (s->run_as_user >= 0)
		strbuf_addf(out, " uid %" PRId64, s->run_as_user);
	if (s->run_as_group >= 0)
		strbuf_addf(out, " gid %" PRId64, s->run_as_group);
	strbuf_adds(out, s->run_as_non_root ? " never-root" : "");
	strbuf_adds(out, s->privileged ? " privileged" : "");
	strbuf_adds(out, s->read_only_root ? " read-only-root" : "");
	strbuf_adds(out, s->no_new_privs ? " no-new-privileges" : "");
	strbuf_adds(out, s->unmasked_proc ? " whole-proc" : "");
	add_each(out, " +", s->cap_add, s->cap_add_count);
	add_each(out, " -", s->cap_drop, s->cap_drop_count);
	add_profile(out, "seccomp", s->seccomp, s->seccomp_file);
	add_profile(out, "apparmor", s->apparmor, s->apparmor_profile);
	if (s->selinux)
		add_selinux(out, s->selinux);
}

/* --- resources ---------------------------------------------------------------------------- */

/* "500m", "2", "64Mi": exactly the number. */
static void add_amount(struct strbuf *out, const char *name, int64_t n)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
	size_t u = 0;

	if (streq(name, "cpu")) {
		strbuf_addf(out, n % 1000 ? "%" PRId64 "m" : "%" PRId64, n % 1000 ? n : n / 1000);
		return;
	}
	for (; n && n % 1024 == 0 && u + 1 < ARRAY_LEN(units); u++)
		n /= 1024;
	strbuf_addf(out, "%" PRId64 "%s", n, units[u]);
}

void plan_words_amounts(struct strbuf *out, const struct plan_resources *r, bool limit)
{
	for (uint32_t i = 0; i < r->all_count; i++) {
		const struct plan_amount *a = &r->all[i];
		const int64_t *n = limit ? a->limit : a->request;

		if (!n)
			continue;
		strbuf_addc(out, ' ');
		plan_word(out, a->name);
		strbuf_addc(out, ' ');
		add_amount(out, a->name, *n);
	}
}

/* --- probes and hooks --------------------------------------------------------------------- */

static void add_address(struct strbuf *out, const struct plan_handler *h)
{
	if (h->host)
		plan_word(out, h->host);
	strbuf_addf(out, ":%" PRId64, h->port ? *h->port : 0);
}

void plan_words_handler(struct strbuf *out, const struct plan_handler *h)
{
	switch (h->type) {
	case PLAN_HANDLER_NONE:
		strbuf_adds(out, " nothing");
		break;
	case PLAN_HANDLER_EXEC:
		plan_words_strings(out, h->command, h->command_count);
		break;
	case PLAN_HANDLER_HTTP:
		strbuf_adds(out, h->https ? " https://" : " http://");
		add_address(out, h);
		plan_word(out, h->path ? h->path : "/");
		break;
	case PLAN_HANDLER_TCP:
		strbuf_adds(out, " tcp ");
		add_address(out, h);
		break;
	case PLAN_HANDLER_GRPC:
		strbuf_adds(out, " grpc ");
		add_address(out, h);
		if (h->service) {
			strbuf_addc(out, ' ');
			plan_word_quoted(out, h->service);
		}
		break;
	case PLAN_HANDLER_SLEEP:
		strbuf_addf(out, " sleep %" PRId64 "s", h->seconds ? *h->seconds : 0);
		break;
	}
}

void plan_words_probe(struct strbuf *out, const struct plan_probe *p)
{
	plan_words_handler(out, &p->handler);
	strbuf_adds(out, " (");
	if (p->initial_delay_seconds)
		strbuf_addf(out, "after %" PRId64 "s, ", p->initial_delay_seconds);
	strbuf_addf(out, "every %" PRId64 "s, within %" PRId64 "s, %" PRId64 " failure%s",
	            p->period_seconds, p->timeout_seconds, p->failure_threshold,
	            p->failure_threshold == 1 ? "" : "s");
	if (p->success_threshold != 1)
		strbuf_addf(out, ", %" PRId64 " successes", p->success_threshold);
	strbuf_addc(out, ')');
}
