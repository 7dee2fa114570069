/* utf8.h: is this text? One check for every byte string that comes from outside. */
#ifndef FM_BASE_UTF8_H
#define FM_BASE_UTF8_H

#include <stddef.h>

/* Offset of the first byte that is no valid UTF-8 (RFC 3629: no surrogates, no overlong forms), or `size`. */
size_t fm_utf8_bad(const char *bytes, size_t size);

#endif
