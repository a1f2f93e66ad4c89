/* SPDX-License-Identifier: Apache-2.0 */
/* fetch_show.c - see fetch_show.h */
#include "pkg/pod/fetch_show.h"

#include <sys/ioctl.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/str.h"

enum { REDRAW_MS = 100, BAR_MAX = 40, LAYERS_MAX = 10000, ID_MAX = 12 };

void fetch_show_init(struct fetch_show *s, enum fetch_progress how, int fd)
{
	*s = (struct fetch_show){.how = how, .fd = fd};
}

void fetch_show_done(struct fetch_show *s)
{
	free(s->layers);
	*s = (struct fetch_show){0};
}

static void put(const struct fetch_show *s, const struct strbuf *text)
{
	struct err ignored = {0};

	if (text->len)
		(void)fd_write_all(s->fd, text->s, text->len, &ignored);
}

/* --- plain lines -------------------------------------------------------------------------------
 */

/* "12.3 MiB": at most 12 characters. */
static void size_text(int64_t n, char out[24])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)MAX(n, (int64_t)0);
	size_t u = 0;

	for (; v >= 1000 && u + 1 < ARRAY_LEN(units); u++)
		v /= 1024;
	(void)snprintf(out, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* A whole line that stays; bars move below it. */
static void say(struct fetch_show *s, const char *line)
{
	autostrbuf struct strbuf out = {0};

	if (s->drawn)
		strbuf_addf(&out, "\033[%zuA\r\033[J", s->drawn);
	strbuf_addf(&out, "%s\n", line);
	put(s, &out);
	s->drawn = 0;
	s->changed = true;
	if (s->how == FETCH_BARS)
		fetch_show_draw(s, false);
}

void fetch_show_image(struct fetch_show *s, const char *ref, const char *state)
{
	autofree char *name = str_sanitize(ref, strlen(ref));

	if (s->how == FETCH_QUIET || !streq(state, "pull"))
		return;
	autofree char *line = xasprintf("pulling %s", name);

	say(s, line);
}

void fetch_show_warning(struct fetch_show *s, const char *text)
{
	autofree char *shown = str_sanitize(text, strlen(text));
	autofree char *line = xasprintf("warning: %s", shown);

	if (s->how != FETCH_QUIET)
		say(s, line);
}

static void say_layer(struct fetch_show *s, const struct fetch_layer *l)
{
	static const char *const words[] = {
		[FETCH_LAYER_PULL] = "pulling",
		[FETCH_LAYER_DONE] = "done",
		[FETCH_LAYER_PRESENT] = "is here already",
	};
	char size[24];

	size_text(l->total, size);
	autofree char *line = xasprintf("layer %s: %s%s%s", l->id, words[l->state],
	                                l->state == FETCH_LAYER_PULL ? " " : "",
	                                l->state == FETCH_LAYER_PULL ? size : "");

	say(s, line);
}

/* --- layers ------------------------------------------------------------------------------------
 */

static struct fetch_layer *layer(struct fetch_show *s, const char *id)
{
	autofree char *shown = str_sanitize(id, MIN(strlen(id), (size_t)ID_MAX));

	for (size_t i = 0; i < s->len; i++)
		if (starts_with(shown, s->layers[i].id))
			return &s->layers[i];
	if (s->len == LAYERS_MAX)
		return NULL;
	s->layers = xrealloc(s->layers, (s->len + 1) * sizeof(*s->layers));
	struct fetch_layer *l = &s->layers[s->len++];

	*l = (struct fetch_layer){0};
	(void)snprintf(l->id, sizeof(l->id), "%.*s", ID_MAX, shown);
	return l;
}

void fetch_show_layer(struct fetch_show *s, const char *id, const char *state, int64_t done,
                      int64_t total)
{
	static const char *const names[] = {
		[FETCH_LAYER_WAIT] = "wait",
		[FETCH_LAYER_PULL] = "pull",
		[FETCH_LAYER_DONE] = "done",
		[FETCH_LAYER_PRESENT] = "present",
	};
	struct fetch_layer *l = s->how == FETCH_QUIET ? NULL : layer(s, id);
	enum fetch_layer_state old;

	if (!l)
		return;
	old = l->state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(state, names[i]))
			l->state = (enum fetch_layer_state)i;
	l->done = done;
	l->total = total;
	s->changed = true;
	if (s->how == FETCH_PLAIN && l->state != old)
		say_layer(s, l);
}

/* --- bars --------------------------------------------------------------------------------------
 */

static void terminal_size(int fd, size_t *ret_rows, size_t *ret_cols)
{
	struct winsize w = {0};

	(void)ioctl(fd, TIOCGWINSZ, &w);
	*ret_rows = w.ws_row ? w.ws_row : 24;
	*ret_cols = w.ws_col ? w.ws_col : 80;
}

static void add_bar(struct strbuf *out, const struct fetch_layer *l, size_t width)
{
	double part = l->total > 0 ? (double)l->done / (double)l->total : 0;
	size_t full = (size_t)(MIN(MAX(part, 0.0), 1.0) * (double)width);

	strbuf_addc(out, '[');
	for (size_t i = 0; i < width; i++)
		strbuf_addc(out, i < full ? '=' : i == full ? '>' : ' ');
	strbuf_adds(out, "] ");
}

static void add_line(struct strbuf *out, const struct fetch_layer *l, size_t cols)
{
	autostrbuf struct strbuf line = {0};
	char done[24], total[24];

	size_text(l->done, done);
	size_text(l->total, total);
	strbuf_addf(&line, "%s ", l->id);
	if (l->state == FETCH_LAYER_PULL) {
		if (cols > 60)
			add_bar(&line, l, MIN(cols - 45, (size_t)BAR_MAX));
		strbuf_addf(&line, "%s / %s", done, total);
	} else {
		strbuf_addf(&line, "%s %s",
		            l->state == FETCH_LAYER_WAIT   ? "waiting"
		            : l->state == FETCH_LAYER_DONE ? "done"
		                                           : "is here already",
		            l->state == FETCH_LAYER_PRESENT ? "" : total);
	}
	strbuf_add(out, line.s, MIN(line.len, cols - 1));
	strbuf_adds(out, "\033[K\n");
}

void fetch_show_draw(struct fetch_show *s, bool last)
{
	autostrbuf struct strbuf out = {0};
	int64_t now = clock_mono_ms();
	size_t rows, cols, first, n;

	if (s->how != FETCH_BARS || !s->changed || (!last && now - s->drawn_ms < REDRAW_MS))
		return;
	terminal_size(s->fd, &rows, &cols);
	n = MIN(s->len, MAX(rows, (size_t)2) - 1);
	/* Too many for the screen: those that are done are the first to leave it. */
	for (first = 0; s->len - first > n && s->layers[first].state >= FETCH_LAYER_DONE; first++)
		;
	if (s->drawn)
		strbuf_addf(&out, "\033[%zuA\r", s->drawn);
	for (size_t i = first; i < first + n; i++)
		add_line(&out, &s->layers[i], cols);
	put(s, &out);
	s->drawn = last ? 0 : n;
	s->drawn_ms = now;
	s->changed = false;
}
