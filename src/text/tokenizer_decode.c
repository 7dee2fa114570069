/* tokenizer_decode.c: ids -> text, all at once or as they come; see tokenizer.h. */
#include <string.h>

#include "text/tokenizer_impl.h"
#include "text/unicode.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

fm_detokenizer fm_detokenizer_init(const fm_tokenizer *tokenizer, unsigned flags) {
    return (fm_detokenizer){.tokenizer = tokenizer, .flags = flags};
}

static fm_status check_out(const fm_detokenizer *d, const fm_buf *out, fm_error *err) {
    if (!out->failed) return FM_OK;
    return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for decoded text", d->tokenizer->name);
}

/* Appends the pending bytes, which cannot become a character. */
static void give_up(fm_detokenizer *d, fm_buf *out) {
    if (d->pending_bytes > 0 && (d->flags & FM_DECODE_REPLACE))
        fm_buf_puts(out, replacement);
    else
        fm_buf_append(out, d->pending, (size_t)d->pending_bytes);
    d->pending_bytes = 0;
}

/* Takes bytes that complete the pending beginning of a character; returns how many. */
static size_t complete_pending(fm_detokenizer *d, const uint8_t *p, size_t size, fm_buf *out) {
    size_t taken = 0;
    while (d->pending_bytes > 0 && taken < size) {
        uint32_t code;
        d->pending[d->pending_bytes] = p[taken];
        const uint8_t *end = d->pending + d->pending_bytes + 1;
        if (fm_utf8_is_cut(d->pending, end)) {
            d->pending_bytes++;
            taken++;
        } else if (fm_utf8_decode(d->pending, end, &code) > 1) {
            fm_buf_append(out, d->pending, (size_t)d->pending_bytes + 1);
            d->pending_bytes = 0;
            taken++;
        } else {
            give_up(d, out); /* the new byte does not continue it: it is looked at afresh */
        }
    }
    return taken;
}

fm_status fm_detokenizer_push(fm_detokenizer *d, int32_t id, fm_buf *out, fm_error *err) {
    size_t size;
    const uint8_t *p = (const uint8_t *)fm_tokenizer_bytes(d->tokenizer, id, &size);
    if (p == NULL)
        return fm_error_set(err, FM_ERR_ARG, "%s: no token has the id %d (vocabulary: %d)",
                            d->tokenizer->name, id, d->tokenizer->vocab_size);
    if ((d->flags & FM_DECODE_SKIP_SPECIALS) && fm_tokenizer_is_special(d->tokenizer, id)) return FM_OK;
    const uint8_t *end = p + size;
    p += complete_pending(d, p, size, out);
    while (p < end) {
        const uint8_t *run = p;
        uint32_t code = 0;
        size_t length = 0;
        while (p < end && (length = fm_utf8_decode(p, end, &code), code != FM_UNICODE_INVALID)) p += length;
        fm_buf_append(out, run, (size_t)(p - run));
        if (p == end) break;
        /* An ill-formed part: its longest beginning of a character counts as one. */
        size_t part = 1;
        while (p + part < end && fm_utf8_is_cut(p, p + part + 1)) part++;
        memcpy(d->pending, p, part);
        d->pending_bytes = (int)part;
        p += part;
        if (p < end || !fm_utf8_is_cut(d->pending, d->pending + part)) give_up(d, out);
    }
    return check_out(d, out, err);
}

fm_status fm_detokenizer_flush(fm_detokenizer *d, fm_buf *out, fm_error *err) {
    give_up(d, out);
    return check_out(d, out, err);
}

fm_status fm_tokenizer_decode(const fm_tokenizer *tokenizer, const int32_t *ids, size_t count, unsigned flags,
                              fm_buf *out, fm_error *err) {
    fm_detokenizer decoder = fm_detokenizer_init(tokenizer, flags);
    for (size_t i = 0; i < count; i++) {
        fm_status status = fm_detokenizer_push(&decoder, ids[i], out, err);
        if (status != FM_OK) return status;
    }
    return fm_detokenizer_flush(&decoder, out, err);
}
