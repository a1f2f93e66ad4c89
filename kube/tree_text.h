/* SPDX-License-Identifier: Apache-2.0 */
/* tree_text.h - bytes of a file to text that libyaml takes, and several JSON texts in one file */
#pragma once

#include "pkg/util/str.h"

/*
 * Change the bytes of a whole file, in place, to what the tree reads: UTF-16 with a byte order mark
 * becomes UTF-8, byte order marks at the start of any document go (files joined by cat), and in
 * JSON the two halves of a character (\ud83d\ude00) become the character. Most texts stay
 * untouched.
 */
void tree_text_prepare(struct strbuf *text);

/*
 * How much of a text is the first JSON text of several ({...}{...}): its length with the blanks
 * that follow. len if there is only one, or if it is no JSON.
 */
size_t tree_text_section(const char *text, size_t len);
