/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.c - the contents of ConfigMaps and Secrets, beside the plan; see plan.h
 *
 * Packed form, for a sealed memfd between two processes of the same program: a magic word, the
 * number of entries, then for each its name's length, its bytes' length, the secret flag, name,
 * bytes.
 */
#include "pkg/plan/plan.h"

enum { MAX_ENTRIES = 1000000 };
static const uint32_t magic = 0x6b706461; /* "kpda" */

void plan_data_add(struct plan_data *d, const char *name, bool secret, const void *bytes,
                   size_t len)
{
	struct plan_datum *e;
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	if ((d->len & (d->len - 1)) == 0)
		d->entries = xrealloc(d->entries, MAX(d->len * 2, (size_t)1) * sizeof(*d->entries));
	e = &d->entries[d->len++];
	*e = (struct plan_datum){xstrdup(name), secret, copy, len, d->len};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct plan_datum *)a)->name, ((const struct plan_datum *)b)->name);
}

/* Not every qsort keeps the order of equals, and the last one of a name has to win. */
static int by_name_and_age(const void *a, const void *b)
{
	const struct plan_datum *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->order < y->order ? -1 : 1;
}

static void free_datum(struct plan_datum *e)
{
	explicit_bzero(e->bytes, e->len);
	free(e->bytes);
	free(e->name);
}

void plan_data_sort(struct plan_data *d)
{
	size_t kept = 0;

	if (d->len)
		qsort(d->entries, d->len, sizeof(*d->entries), by_name_and_age);
	for (size_t i = 0; i < d->len; i++) {
		if (kept && streq(d->entries[kept - 1].name, d->entries[i].name))
			free_datum(&d->entries[--kept]);
		d->entries[kept] = d->entries[i];
		d->entries[kept].order = kept;
		kept++;
	}
	d->len = kept;
}

const struct plan_datum *plan_data_get(const struct plan_data *d, const char *name)
{
	union {
		const char *in;
		char *key;
	} u = {name};
	struct plan_datum key = {.name = u.key};

	if (!d || !d->len)
		return NULL;
	return bsearch(&key, d->entries, d->len, sizeof(*d->entries), by_name);
}

void plan_data_done(struct plan_data *d)
{
	for (size_t i = 0; i < d->len; i++)
		free_datum(&d->entries[i]);
	free(d->entries);
	*d = (struct plan_data){0};
}

static void put_u32(struct strbuf *out, uint32_t v)
{
	strbuf_add(out, &v, sizeof(v));
}

void plan_data_pack(const struct plan_data *d, struct strbuf *out)
{
	put_u32(out, magic);
	put_u32(out, (uint32_t)d->len);
	for (size_t i = 0; i < d->len; i++) {
		const struct plan_datum *e = &d->entries[i];

		put_u32(out, (uint32_t)strlen(e->name));
		put_u32(out, (uint32_t)e->len);
		put_u32(out, e->secret);
		strbuf_adds(out, e->name);
		strbuf_add(out, e->bytes, e->len);
	}
}

struct reader {
	const char *p, *end;
};

static bool get_u32(struct reader *r, uint32_t *ret)
{
	if ((size_t)(r->end - r->p) < sizeof(*ret))
		return false;
	memcpy(ret, r->p, sizeof(*ret));
	r->p += sizeof(*ret);
	return true;
}

static bool get_entry(struct reader *r, struct plan_data *d)
{
	uint32_t name_len, len, secret;

	if (!get_u32(r, &name_len) || !get_u32(r, &len) || !get_u32(r, &secret) || secret > 1)
		return false;
	if ((uint64_t)name_len + len > (uint64_t)(r->end - r->p) || memchr(r->p, '\0', name_len))
		return false;
	autofree char *name = xstrndup(r->p, name_len);

	plan_data_add(d, name, secret, r->p + name_len, len);
	r->p += name_len + len;
	return true;
}

int plan_data_unpack(const char *bytes, size_t len, struct plan_data *ret, struct err *e)
{
	struct reader r = {bytes, bytes + len};
	struct plan_data d = {0};
	uint32_t word, count;
	bool ok =
		get_u32(&r, &word) && word == magic && get_u32(&r, &count) && count <= MAX_ENTRIES;

	for (uint32_t i = 0; ok && i < count; i++)
		ok = get_entry(&r, &d);
	if (!ok || r.p != r.end) {
		plan_data_done(&d);
		return err_set(e, ERR_INPUT, "damaged data table");
	}
	plan_data_sort(&d);
	*ret = d;
	return 0;
}
