/* SPDX-License-Identifier: Apache-2.0 */
/*
 * def_struct.h - read a .def file as C structs (no include guard: include, then the .def, then
 * def_end.h)
 *
 * A .def block is  #define T name / BEGIN / members / END / #undef T, children before parents.
 * Members: STR(f) owned string or NULL; STRS(f) strings; INT(f) int64_t; BOOL(f); ENUM(f, e) with
 * `enum e` and `e_strings`; SUB(f, t) embedded struct t; LIST(f, t) array of struct t with f_count;
 * PTR(f, t) struct t or NULL; NUM(f) pointer to int64_t, NULL when unset; NUMS(f) numbers with
 * f_count.
 */
#define BEGIN  struct T {
#define STR(f) char *f;
#define STRS(f)                                                                                    \
	char **f;                                                                                  \
	uint32_t f##_count;
#define INT(f) int64_t f;
#define NUM(f) int64_t *f;
#define NUMS(f)                                                                                    \
	int64_t *f;                                                                                \
	uint32_t f##_count;
#define BOOL(f)    bool f;
#define ENUM(f, e) enum e f;
#define SUB(f, t)  struct t f;
#define PTR(f, t)  struct t *f;
#define LIST(f, t)                                                                                 \
	struct t *f;                                                                               \
	uint32_t f##_count;
#define END                                                                                        \
	}                                                                                          \
	;
