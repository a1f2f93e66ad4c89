/* SPDX-License-Identifier: Apache-2.0 */
/* cppcheck.h - macros of foreign headers that cppcheck must know to read our sources; for it only
 */
#pragma once

#ifndef json_object_foreach
#define json_object_foreach(o, k, v) for (k = 0, v = 0; k; v = 0)
#endif
#ifndef json_array_foreach
#define json_array_foreach(a, i, v) for (i = 0, v = 0; i < json_array_size(a); i++)
#endif
