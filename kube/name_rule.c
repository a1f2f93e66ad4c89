/* SPDX-License-Identifier: Apache-2.0 */
/* name_rule.c - checks by alphabet, ends and length; see name_rule.h */
#include "kube/name_rule.h"

#include <arpa/inet.h>

#include "pkg/util/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM LOWER UPPER DIGIT

/* The len bytes at s are 1 to max of `inner`, of which the first and the last are of `ends`. */
static bool made_of(const char *s, size_t len, size_t max, const char *inner, const char *ends)
{
	return len && len <= max && strspn(s, inner) >= len && strchr(ends, s[0]) &&
	       strchr(ends, s[len - 1]);
}

static bool whole(const char *s, size_t max, const char *inner, const char *ends)
{
	return made_of(s, strlen(s), max, inner, ends);
}

bool name_is_label(const char *s)
{
	return whole(s, 63, LOWER DIGIT "-", LOWER DIGIT);
}

bool name_is_service(const char *s)
{
	return name_is_label(s) && strchr(LOWER, s[0]);
}

static bool subdomain(const char *s, size_t len)
{
	if (!made_of(s, len, 253, LOWER DIGIT "-.", LOWER DIGIT))
		return false;
	/* only the whole is bounded, not each part, in Kubernetes' rule */
	for (size_t i = 1; i + 1 < len; i++)
		if (s[i] == '.' && (strchr("-.", s[i - 1]) || s[i + 1] == '-'))
			return false;
	return true;
}

bool name_is_subdomain(const char *s)
{
	return subdomain(s, strlen(s));
}

bool name_is_path_safe(const char *s)
{
	return whole(s, 253, ALNUM "-_.", ALNUM "-_.") && strchr(ALNUM, s[0]);
}

bool name_is_qualified(const char *s)
{
	const char *slash = strchr(s, '/');

	if (slash && !subdomain(s, (size_t)(slash - s)))
		return false;
	return whole(slash ? slash + 1 : s, 63, ALNUM "-_.", ALNUM);
}

bool name_is_label_value(const char *s)
{
	return !*s || whole(s, 63, ALNUM "-_.", ALNUM);
}

bool name_is_config_key(const char *s)
{
	return whole(s, 253, ALNUM "-_.", ALNUM "-_.") && !streq(s, ".") && !starts_with(s, "..");
}

bool name_is_port(const char *s)
{
	return whole(s, 15, LOWER DIGIT "-", LOWER DIGIT) && strpbrk(s, LOWER) && !strstr(s, "--");
}

bool name_is_env(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e || *s == '=')
			return false;
	return true;
}

bool name_is_classic_env(const char *s)
{
	return *s && !strchr(DIGIT, *s) && !s[strspn(s, ALNUM "-_.")] && !streq(s, ".") &&
	       !starts_with(s, "..");
}

/* The address family of s, or 0; no leading zeros, no zone, no blanks. */
static int family_of(const char *s)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, s, address) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, s, address) == 1 ? AF_INET6 : 0;
}

bool name_is_ip(const char *s)
{
	return family_of(s) != 0;
}

bool name_is_cidr(const char *s)
{
	const char *slash = strchr(s, '/'), *digits = slash ? slash + 1 : "";
	char address[INET6_ADDRSTRLEN + 1];
	int64_t len;
	int family;

	if (!slash || (size_t)(slash - s) >= sizeof(address))
		return false;
	memcpy(address, s, (size_t)(slash - s));
	address[slash - s] = '\0';
	family = family_of(address);
	if (!family || digits[strspn(digits, DIGIT)] || (digits[0] == '0' && digits[1]))
		return false;
	return str_parse_int(digits, 0, family == AF_INET ? 32 : 128, &len) == 0;
}

static const struct {
	bool (*check)(const char *s);
	const char *rule;
} kinds[NAME_KIND_COUNT] = {
	[NAME_LABEL] = {name_is_label, "has a-z 0-9 - only, at most 63, and begins and ends with a "
                                       "letter or digit"},
	[NAME_SUBDOMAIN] = {name_is_subdomain,
                            "has a-z 0-9 - . only, at most 253, and begins and ends with a letter "
                            "or digit, as does each part between dots"},
	[NAME_SERVICE] = {name_is_service,
                          "has a-z 0-9 - only, at most 63, begins with a letter and "
                          "ends with a letter or digit"},
	[NAME_PATH_SAFE] = {name_is_path_safe,
                            "has A-Z a-z 0-9 - _ . only, at most 253, and begins "
                            "with a letter or digit"},
	[NAME_QUALIFIED] = {name_is_qualified,
                            "is [prefix/]name: the name at most 63 of A-Z a-z 0-9 - _ . between "
                            "letters or digits, the prefix a DNS name such as example.com"},
	[NAME_LABEL_VALUE] = {name_is_label_value,
                              "is at most 63 of A-Z a-z 0-9 - _ . and begins and ends with a "
                              "letter or digit"},
	[NAME_CONFIG_KEY] = {name_is_config_key, "has A-Z a-z 0-9 - _ . only, at most 253, is not "
                                                 "\".\" and does not begin with \"..\""},
	[NAME_PORT] = {name_is_port,
                       "has a-z 0-9 and single - between them only, at most 15, and a "
                       "letter"},
	[NAME_ENV] = {name_is_env, "is printable ASCII without \"=\""},
	[NAME_CLASSIC_ENV] = {name_is_classic_env,
                              "has A-Z a-z 0-9 - _ . only, does not begin with a digit or \"..\" "
                              "and is not \".\""},
	[NAME_IP] = {name_is_ip,
                     "is an address such as 10.0.0.1 or fd00::1, without leading zeros"},
	[NAME_CIDR] = {name_is_cidr,
                       "is an address and the length of its prefix such as 10.0.0.0/8 "
                       "or fd00::/48, without leading zeros"},
};

bool name_ok(enum name_kind kind, const char *s)
{
	return kinds[kind].check(s);
}

const char *name_rule(enum name_kind kind)
{
	return kinds[kind].rule;
}
