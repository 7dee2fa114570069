/* unicode.c: looking characters up in the pinned table, UTF-8, and NFC by utf8proc; see unicode.h. */
#include "text/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const char category_names[] = "LuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCsCoCn";

uint8_t fm_unicode_flags(uint32_t code) {
    int low = 0, high = fm_unicode_range_count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (fm_unicode_ranges[middle] >> 8 <= code)
            low = middle;
        else
            high = middle;
    }
    return (uint8_t)fm_unicode_ranges[low];
}

uint32_t fm_unicode_category_mask(const char *name, size_t size) {
    uint32_t mask = 0;
    for (int i = 0; i < FM_UNICODE_CATEGORIES; i++) {
        const char *category = category_names + 2 * i;
        if ((size == 1 || (size == 2 && name[1] == category[1])) && name[0] == category[0]) mask |= 1u << i;
    }
    return mask;
}

size_t fm_utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *code) {
    uint32_t a = p[0];
    size_t left = (size_t)(end - p);
    if (a < 0x80) {
        *code = a;
        return 1;
    }
    if (a >= 0xc2 && a < 0xe0 && left >= 2 && (p[1] & 0xc0) == 0x80) {
        *code = (a & 0x1f) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if ((a & 0xf0) == 0xe0 && left >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
        *code = (a & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        if (*code >= 0x800 && (*code < 0xd800 || *code >= 0xe000)) return 3;
    }
    if (a >= 0xf0 && a < 0xf5 && left >= 4 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 &&
        (p[3] & 0xc0) == 0x80) {
        *code = (a & 0x07) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        if (*code >= 0x10000 && *code < FM_UNICODE_LIMIT) return 4;
    }
    *code = FM_UNICODE_INVALID;
    return 1;
}

size_t fm_utf8_encode(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

bool fm_utf8_is_cut(const uint8_t *p, const uint8_t *end) {
    size_t left = (size_t)(end - p);
    if (left == 0 || left > 3) return false;
    size_t need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left >= need) return false;
    if (left >= 2) { /* the second byte's range excludes overlong forms, surrogates and codes past the end */
        uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
        uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
        if (p[1] < low || p[1] > high) return false;
    }
    return left < 3 || (p[2] & 0xc0) == 0x80;
}

/* Most text never needs the table: everything below U+0300, and the main block of Han. */
static bool is_active(uint32_t code) {
    if (code < 0x300 || (code >= 0x4e00 && code < 0xa000) || code == FM_UNICODE_INVALID) return false;
    return fm_unicode_flags(code) & FM_UNICODE_NFC_ACTIVE;
}

bool fm_nfc_needed(const uint8_t *text, size_t size) {
    const uint8_t *p = text, *end = text + size;
    while (p < end) {
        uint32_t code;
        p += fm_utf8_decode(p, end, &code);
        if (is_active(code)) return true;
    }
    return false;
}

/* Normalises [begin, end), which is well-formed UTF-8, into *out. */
static fm_status normalise(const uint8_t *begin, const uint8_t *end, fm_buf *out, fm_error *err) {
    utf8proc_uint8_t *text = NULL;
    utf8proc_ssize_t size =
        utf8proc_map(begin, (utf8proc_ssize_t)(end - begin), &text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (size < 0) return fm_error_set(err, FM_ERR_MEMORY, "NFC: %s", utf8proc_errmsg(size));
    fm_buf_append(out, text, (size_t)size);
    free(text);
    return FM_OK;
}

/* A run of active characters, with the inactive one before it, which they may join, is normalised by itself:
 * nothing passes an inactive character, which is a starter that joins nothing to its left. */
fm_status fm_nfc(const uint8_t *text, size_t size, fm_buf *out, fm_error *err) {
    const uint8_t *p = text, *end = text + size;
    const uint8_t *done = text, *previous = text; /* written up to here; the character before p */
    fm_status status = FM_OK;
    while (p < end) {
        uint32_t code;
        size_t length = fm_utf8_decode(p, end, &code);
        if (!is_active(code)) {
            previous = code == FM_UNICODE_INVALID ? p + length : p;
            p += length;
            continue;
        }
        if (previous < done) previous = done;
        fm_buf_append(out, done, (size_t)(previous - done));
        while (p < end && is_active(code)) {
            p += length;
            if (p < end) length = fm_utf8_decode(p, end, &code);
        }
        FM_TRY(normalise(previous, p, out, err));
        done = previous = p;
    }
    fm_buf_append(out, done, (size_t)(end - done));
    if (out->failed)
        return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu bytes of normalised text", size);
fail:
    return status;
}
