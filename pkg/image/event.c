/* SPDX-License-Identifier: Apache-2.0 */
/* event.c - see event.h */
#include "pkg/image/event.h"

#include <jansson.h>

#include "pkg/util/fd.h"

void events_init(struct events *v, int fd)
{
	v->fd = fd;
	pthread_mutex_init(&v->lock, NULL);
}

/* Write o (taken) as one line. A reader that is gone does not matter: our end is near. */
static void emit(struct events *v, json_t *o)
{
	autofree char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	struct err ignored = {0};

	json_decref(o);
	if (!text)
		return;
	autofree char *line = xasprintf("%s\n", text);

	pthread_mutex_lock(&v->lock);
	(void)fd_write_all(v->fd, line, strlen(line), &ignored);
	pthread_mutex_unlock(&v->lock);
}

/* Text that may hold anything, as JSON wants it. */
static json_t *clean(const char *text)
{
	json_t *s = json_string(text);

	if (!s) {
		autofree char *shown = str_sanitize(text, strlen(text));

		s = json_string(shown);
	}
	return s;
}

void event_image(struct events *v, size_t i, const char *ref, const char *state)
{
	emit(v, json_pack("{ss,sI,so,ss}", "ev", "image", "i", (json_int_t)i, "ref", clean(ref),
	                  "state", state));
}

void event_layer(struct events *v, const char *digest, const char *state, int64_t done,
                 int64_t total)
{
	char id[13];

	(void)snprintf(id, sizeof(id), "%.12s", digest + strlen("sha256:"));
	emit(v, json_pack("{ss,ss,ss,sI,sI}", "ev", "layer", "id", id, "state", state, "done",
	                  (json_int_t)done, "total", (json_int_t)total));
}

void event_warning(struct events *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	emit(v, json_pack("{ss,so}", "ev", "warning", "text", clean(text)));
}

void event_result(struct events *v, size_t i, const char *id)
{
	emit(v, json_pack("{ss,sI,ss}", "ev", "result", "i", (json_int_t)i, "id", id));
}

void event_name(struct events *v, const char *name)
{
	emit(v, json_pack("{ss,so}", "ev", "name", "name", clean(name)));
}

void event_error(struct events *v, const struct err *e)
{
	emit(v, json_pack("{ss,si,si,so}", "ev", "error", "kind", (int)e->kind, "sys", e->sys,
	                  "msg", clean(e->msg)));
}
