/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_rule.h - which names does Kubernetes allow where, and how is the rule said?
 *
 * A kind of name is a check and a sentence that completes "a volume's name ...", so that the same
 * mistake gets the same words everywhere.
 */
#pragma once

#include "pkg/util/base.h"

enum name_kind {
	NAME_LABEL,       /* DNS-1123 label: containers, volumes, namespaces, hostnames */
	NAME_SUBDOMAIN,   /* DNS-1123 subdomain: most objects */
	NAME_SERVICE,     /* DNS-1035 label: Services */
	NAME_PATH_SAFE,   /* no cluster would take it, but it cannot harm here */
	NAME_QUALIFIED,   /* key of a label or annotation: [prefix/]name */
	NAME_LABEL_VALUE, /* value of a label; may be empty */
	NAME_CONFIG_KEY,  /* key of a ConfigMap or Secret */
	NAME_PORT,        /* IANA service name of at most 15 characters */
	NAME_ENV,         /* what `env` takes: printable ASCII without "=" */
	NAME_CLASSIC_ENV, /* what every kubelet takes from envFrom */
	NAME_IP,          /* an IPv4 or IPv6 address, without zone */
	NAME_CIDR,        /* address/prefix length; bits of the host may be set */
	NAME_KIND_COUNT
};

/* True if s is such a name. */
bool name_ok(enum name_kind kind, const char *s);
/* The rest of a sentence that begins with what the name is of: "has a-z 0-9 - only, ...". */
const char *name_rule(enum name_kind kind);

/* The same checks by themselves: each is a question. */
bool name_is_label(const char *s);
bool name_is_subdomain(const char *s);
bool name_is_service(const char *s);
bool name_is_path_safe(const char *s);
bool name_is_qualified(const char *s);
bool name_is_label_value(const char *s);
bool name_is_config_key(const char *s);
bool name_is_port(const char *s);
bool name_is_env(const char *s);
bool name_is_classic_env(const char *s);
bool name_is_ip(const char *s);
bool name_is_cidr(const char *s);
