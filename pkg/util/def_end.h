/* SPDX-License-Identifier: Apache-2.0 */
/* def_end.h - forget the macros of def_struct.h or def_schema.h */
#undef BEGIN
#undef STR
#undef STRS
#undef INT
#undef NUM
#undef NUMS
#undef BOOL
#undef ENUM
#undef SUB
#undef PTR
#undef LIST
#undef END
