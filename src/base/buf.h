/* buf.h: a growable byte string, for text and small files.
 *
 * `data` is always NUL-terminated once anything was appended, and may hold NULs inside. Appending can fail
 * only for lack of memory; the failure sticks (`failed`), later appends do nothing, and the owner checks once.
 * Owner: whoever declared it; release with fm_buf_release. {0} is an empty buffer.
 */
#ifndef FM_BASE_BUF_H
#define FM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fm_buf {
    char *data;  /* NULL while empty and never appended to */
    size_t size; /* bytes in use, without the final NUL */
    size_t room; /* bytes allocated */
    bool failed; /* an append ran out of memory; the content is a prefix */
} fm_buf;

void fm_buf_append(fm_buf *buf, const void *bytes, size_t size);
void fm_buf_puts(fm_buf *buf, const char *text);
void fm_buf_putc(fm_buf *buf, char byte);
void fm_buf_printf(fm_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fm_buf_clear(fm_buf *buf);   /* forgets the content, keeps the memory */
void fm_buf_release(fm_buf *buf); /* frees; *buf is {0} afterwards */

#endif
