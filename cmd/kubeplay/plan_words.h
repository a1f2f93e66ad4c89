/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_words.h - pieces of a plan as words on a line (plan_view.c)
 *
 * A line has a label of fixed width and words after it; one without words is not written. All text
 * from outside is made safe for a terminal.
 */
#pragma once

#include "pkg/plan/plan.h"

/* Append text that is safe for a terminal. */
void plan_word(struct strbuf *out, const char *text);
/* The same in quotes where its ends or its lines could not be told otherwise. */
void plan_word_quoted(struct strbuf *out, const char *text);
/* A line of a container ("    label      words"); nothing if there are no words. */
void plan_line(struct strbuf *out, int indent, const char *label, struct strbuf *words);

/* Words, each after a blank. */
void plan_words_security(struct strbuf *out, const struct plan_security *s);
void plan_words_amounts(struct strbuf *out, const struct plan_resources *r, bool limit);
void plan_words_probe(struct strbuf *out, const struct plan_probe *p);
void plan_words_handler(struct strbuf *out, const struct plan_handler *h);
void plan_words_pairs(struct strbuf *out, const struct plan_label *l, uint32_t count);
void plan_words_strings(struct strbuf *out, char *const *list, uint32_t count);
