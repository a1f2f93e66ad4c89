/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - tars for tests, byte by byte: also those that no tool would write */
#pragma once

#include <stdio.h>

#include "pkg/util/str.h"

/* What a header says; zero is a regular file 0644 of 0:0. */
struct tar_entry {
	const char *name, *link;
	char type; /* '0' file '1' hard link '2' symbolic link '3' '4' devices '5' directory '6'
	              fifo 'x' PAX */
	unsigned int mode, uid, gid;
	const char *data;
	size_t data_len;  /* 0: strlen(data) */
	const char *size; /* octal text, instead of the length of data */
	long mtime;
	bool bad_checksum;
};

static inline void tar_octal(char *to, int digits, unsigned long n)
{
	for (int i = digits - 1; i >= 0; i--, n >>= 3)
		to[i] = (char)('0' + (n & 7));
}

static inline void tar_header(char *h, const struct tar_entry *e, size_t len)
{
	unsigned int sum = 0;

	(void)snprintf(h, 100, "%s", e->name);
	tar_octal(h + 100, 7, e->mode ? e->mode : e->type == '5' ? 0755 : 0644);
	tar_octal(h + 108, 7, e->uid);
	tar_octal(h + 116, 7, e->gid);
	if (e->size)
		(void)snprintf(h + 124, 12, "%s", e->size);
	else
		tar_octal(h + 124, 11, len);
	tar_octal(h + 136, 11, (unsigned long)e->mtime);
	memset(h + 148, ' ', 8);
	h[156] = e->type ? e->type : '0';
	(void)snprintf(h + 157, 100, "%s", e->link ? e->link : "");
	memcpy(h + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	tar_octal(h + 148, 7, e->bad_checksum ? sum + 1 : sum);
}

static inline void tar_pad(struct strbuf *out)
{
	static const char zeros[512];

	if (out->len % 512)
		strbuf_add(out, zeros, 512 - out->len % 512);
}

static inline void tar_add(struct strbuf *out, const struct tar_entry *e)
{
	size_t len = e->data_len ? e->data_len : e->data ? strlen(e->data) : 0;
	char h[512] = {0};

	tar_header(h, e, len);
	strbuf_add(out, h, sizeof(h));
	if (len)
		strbuf_add(out, e->data, len);
	tar_pad(out);
}

/* A PAX record in front of the next entry. */
static inline void tar_pax(struct strbuf *out, const char *key, const void *value, size_t len)
{
	autostrbuf struct strbuf record = {0};
	size_t body = strlen(key) + len + 3, total = body + 1;
	char digits[24];

	for (size_t was = 0; was != total;) {
		was = total;
		total = body + (size_t)snprintf(digits, sizeof(digits), "%zu", total);
	}
	strbuf_addf(&record, "%zu %s=", total, key);
	strbuf_add(&record, value, len);
	strbuf_addc(&record, '\n');
	tar_add(out, &(struct tar_entry){
			     .name = "pax", .type = 'x', .data = record.s, .data_len = record.len});
}

static inline void tar_end(struct strbuf *out)
{
	static const char zeros[1024];

	strbuf_add(out, zeros, sizeof(zeros));
}
