/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus_plan.h - one value of a plan that was printed as JSON, by its path
 */
#pragma once

#include "pkg/util/str.h"

#include <jansson.h>

/* A list of keys with values is a mapping, when no key comes twice. */
static json_t *corpus_mapping(json_t *list)
{
	json_t *map = json_object(), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_t *key = json_object_get(item, "key"), *value = json_object_get(item, "value");

		key = key ? key : json_object_get(item, "name");
		if (json_object_size(item) == 2 && json_is_string(key) && json_is_string(value) &&
		    !json_object_get(map, json_string_value(key)))
			(void)json_object_set(map, json_string_value(key), value);
	}
	if (json_object_size(map) == json_array_size(list) && json_array_size(list))
		return map;
	json_decref(map);
	return json_incref(list);
}

/* The item of a list that has this number, or this name. */
static json_t *corpus_item(json_t *list, const char *which)
{
	static const char *const names[] = {"name", "key", "path", "volume"};
	json_t *item, *name;
	size_t i;

	if (*which && strspn(which, "0123456789") == strlen(which))
		return json_array_get(list, strtoul(which, NULL, 10));
	json_array_foreach(list, i, item) for (size_t n = 0; n < ARRAY_LEN(names); n++)
	{
		name = json_object_get(item, names[n]);
		if (json_is_string(name) && streq(json_string_value(name), which))
			return item;
	}
	return NULL;
}

/* "pods[0].containers[web].tty"; a loan. */
static json_t *corpus_find(json_t *at, const char *path)
{
	while (*path && at) {
		size_t len;

		path += *path == '.';
		if (*path == '[') {
			len = strcspn(path, "]");
			autofree char *which = xstrndup(path + 1, len - 1);

			at = corpus_item(at, which);
			path += len + (path[len] == ']');
		} else {
			len = strcspn(path, ".[");
			autofree char *key = xstrndup(path, len);

			at = json_object_get(at, key);
			path += len;
		}
	}
	return at;
}
