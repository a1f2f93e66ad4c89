/* SPDX-License-Identifier: Apache-2.0 */
/* idmap_parse.h - the texts behind idmap_detect(), apart from the files, for its tests */
#pragma once

#include "pkg/runtime/idmap.h"

/*
 * Ranges of an owner (by name or number) in the text of /etc/subuid, at most `want` ids in `room`
 * ranges, laid one after the other from container id 1. Returns their number.
 */
size_t idmap_parse_subids(const char *text, const char *name, const char *number, uint32_t want,
                          struct idmap_range *ranges, size_t room);
/* True if any entry of the text touches the ids [first, first + count). */
bool idmap_parse_overlaps(const char *text, uint32_t first, uint32_t count);
/* Can 65536 ids from *first on be given away by a namespace with this uid_map? If not, *first moves
 * to some that can; false if there are none. */
bool idmap_parse_available(const char *own_map, uint32_t *first);
