/* buf.c: the growable byte string of buf.h. Grows by doubling; refuses sizes that overflow. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and a final NUL. */
static bool reserve(fm_buf *buf, size_t more) {
    if (buf->failed) return false;
    if (more >= SIZE_MAX / 2 - buf->size) return !(buf->failed = true);
    size_t need = buf->size + more + 1;
    if (need <= buf->room) return true;
    size_t room = buf->room ? buf->room : 64;
    while (room < need) room *= 2;
    char *data = realloc(buf->data, room);
    if (data == NULL) return !(buf->failed = true);
    buf->data = data;
    buf->room = room;
    return true;
}

void fm_buf_append(fm_buf *buf, const void *bytes, size_t size) {
    if (!reserve(buf, size)) return;
    if (size) memcpy(buf->data + buf->size, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void fm_buf_puts(fm_buf *buf, const char *text) { fm_buf_append(buf, text, strlen(text)); }

void fm_buf_putc(fm_buf *buf, char byte) { fm_buf_append(buf, &byte, 1); }

void fm_buf_printf(fm_buf *buf, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size >= 0 && reserve(buf, (size_t)size)) {
        vsnprintf(buf->data + buf->size, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
}

void fm_buf_clear(fm_buf *buf) {
    buf->size = 0;
    buf->failed = false;
    if (buf->data) buf->data[0] = '\0';
}

void fm_buf_release(fm_buf *buf) {
    free(buf->data);
    *buf = (fm_buf){0};
}
