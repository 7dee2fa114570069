/* utf8.c: see utf8.h. The character rules are utf8proc's. */
#include "base/utf8.h"

#include <utf8proc.h>

size_t fm_utf8_bad(const char *bytes, size_t size) {
    size_t at = 0;
    while (at < size) {
        if ((unsigned char)bytes[at] < 0x80) {
            at++;
            continue;
        }
        utf8proc_int32_t point;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)bytes + at, (utf8proc_ssize_t)(size - at), &point);
        if (used <= 0) return at;
        at += (size_t)used;
    }
    return size;
}
