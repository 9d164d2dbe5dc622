/* SPDX-License-Identifier: GPL-2.0 */
/* Small arguments from user space, by words: every ioctl here takes a few. */
#ifndef _KEV_UACCESS_H
#define _KEV_UACCESS_H

#include <linux/uaccess.h>

/*
 * Copy @n 64-bit words.  False when that faults.  A loop of loads costs less
 * than a call to the general copy for what is smaller than a cache line or two.
 */
static inline bool kev_copy_words(u64 *to, const u64 __user *from,
				  unsigned int n)
{
	if (!user_read_access_begin(from, n * sizeof(*from)))
		return false;
	for (; n >= 4; n -= 4, to += 4, from += 4) {
		unsafe_get_user(to[0], &from[0], fault);
		unsafe_get_user(to[1], &from[1], fault);
		unsafe_get_user(to[2], &from[2], fault);
		unsafe_get_user(to[3], &from[3], fault);
	}
	while (n--)
		unsafe_get_user(*to++, from++, fault);
	user_read_access_end();
	return true;

fault:
	user_read_access_end();
	return false;
}

#endif /* _KEV_UACCESS_H */
