/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What sparse 0.6.4 does not know of the headers of Linux 7: read by it before all
 * else (tools/build-strict), and by no compiler.
 */
#ifndef _KEV_SPARSE_H
#define _KEV_SPARSE_H

#define __typeof_unqual__ __typeof__
/* Of a literal, in the assertion that a MODULE_INFO() has no NUL inside. */
#define __builtin_strlen(s) (sizeof(s) - 1)

#endif /* _KEV_SPARSE_H */
