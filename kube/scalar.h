/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar.h - what plain text means: types as kubectl reads them, names as Kubernetes allows them
 */
#pragma once

#include "pkg/util/base.h"

enum scalar_kind { SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_NUMBER };

/* What an unquoted scalar is to kubectl. */
enum scalar_kind scalar_kind(const char *text);
/* A boolean word (true, yes, on, y, ... in three casings): 0, or -1. */
int scalar_bool(const char *text, bool *ret);

enum scalar_result { SCALAR_OK = 0, SCALAR_SYNTAX = -1, SCALAR_RANGE = -2 };

/* A whole number: decimal, 0x, 0o, 0b, 0 (octal), with "_" between digits and a sign. */
enum scalar_result scalar_int(const char *text, int64_t *ret);

/* Names: each is a question. */
bool name_is_label(const char *s);       /* DNS-1123 label: pod's containers, volumes, namespaces */
bool name_is_subdomain(const char *s);   /* DNS-1123 subdomain: objects */
bool name_is_path_safe(const char *s);   /* no cluster would take it, but it cannot harm here */
bool name_is_qualified(const char *s);   /* key of a label or annotation: [prefix/]name */
bool name_is_label_value(const char *s); /* value of a label */
bool name_is_config_key(const char *s);  /* key of a ConfigMap or Secret */
bool name_is_port(const char *s);        /* IANA service name of at most 15 characters */
bool name_is_env(const char *s);         /* what `env` takes: printable ASCII without "=" */
bool name_is_classic_env(const char *s); /* what every kubelet takes from envFrom */

/* Decode standard base64 with padding; line breaks are skipped. Owned bytes, NULL if it is none. */
unsigned char *base64_decode(const char *text, size_t *ret_len);
