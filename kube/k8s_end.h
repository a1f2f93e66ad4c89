/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_end.h - forget the macros that give k8s.def its meaning (k8s.h, schema.c) */
#undef BEGIN
#undef STR
#undef INT
#undef MODE
#undef LONG
#undef BOOL
#undef ENUM
#undef QTY
#undef IOS
#undef RAW
#undef SUB
#undef LIST
#undef STRS
#undef LONGS
#undef MAP
#undef QMAP
#undef NONE
#undef EMPTY
#undef END
