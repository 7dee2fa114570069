/* tokenizer_tiktoken.c: reading a tiktoken file: one token per line, base64 of its bytes, a space, its rank,
 * which is its id too. The file says neither how text is cut into words nor which tokens are special: the
 * first comes from the table of known files or from the caller, the second does not exist. */
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "text/pretokenizer.h"
#include "text/tokenizer_impl.h"

enum { MAX_TOKEN_BYTES = 1024, MAX_FILE_BYTES = 1 << 26 };

static int base64_value(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes base64 with its padding; returns the number of bytes, or -1. */
static int decode_base64(const uint8_t *p, size_t size, uint8_t out[MAX_TOKEN_BYTES]) {
    int count = 0;
    if (size == 0 || size % 4 != 0 || size / 4 * 3 > MAX_TOKEN_BYTES) return -1;
    for (size_t i = 0; i < size; i += 4) {
        bool last = i + 4 == size;
        int digits = !last || p[i + 3] != '=' ? 4 : p[i + 2] != '=' ? 3 : 2;
        uint32_t value = 0;
        for (int j = 0; j < 4; j++) {
            int digit = j < digits ? base64_value(p[i + (size_t)j]) : 0;
            if (digit < 0) return -1;
            value = value << 6 | (uint32_t)digit;
        }
        for (int j = 0; j < digits - 1; j++) out[count++] = (uint8_t)(value >> (16 - 8 * j));
    }
    return count;
}

static fm_status read_line(fm_tokenizer *t, const uint8_t *p, const uint8_t *end, int line, fm_error *err) {
    uint8_t bytes[MAX_TOKEN_BYTES];
    const uint8_t *space = memchr(p, ' ', (size_t)(end - p));
    int size = space ? decode_base64(p, (size_t)(space - p), bytes) : -1;
    int64_t id = 0;
    const uint8_t *digit = space ? space + 1 : end;
    while (digit < end && *digit >= '0' && *digit <= '9' && id < FM_TOKENIZER_MAX_VOCAB)
        id = id * 10 + (*digit++ - '0');
    if (size < 0 || digit == space + 1 || (digit < end && id < FM_TOKENIZER_MAX_VOCAB))
        return fm_error_set(
            err, FM_ERR_FORMAT,
            "%s: line %d: not \"base64 rank\" as in a tiktoken file (tokens of at most %d bytes)", t->name,
            line, MAX_TOKEN_BYTES);
    char field[32];
    snprintf(field, sizeof field, "line %d", line);
    return fm_tokenizer_put(t, id, bytes, (size_t)size, FM_TOKEN_WORD, field, err);
}

static fm_status choose_pattern(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                fm_error *err) {
    char hash[FM_SHA256_HEX];
    fm_sha256_bytes(bytes, size, hash);
    const fm_known_tiktoken *known = fm_known_tiktoken_find(hash);
    if (known) t->nfc = known->nfc;
    if (pattern) return fm_tokenizer_put_pattern(t, pattern, err);
    if (known == NULL)
        return fm_error_set(
            err, FM_ERR_UNSUPPORTED,
            "%s: a tiktoken file with SHA-256 %.12s..., which is not one of the known ones (Qwen2.5, "
            "Llama 3, Kimi K2): it does not say how text is cut into words, give --pattern",
            t->name, hash);
    return fm_tokenizer_put_pattern(t, fm_pretokenizer_find(known->name, strlen(known->name))->patterns[0],
                                    err);
}

fm_status fm_tokenizer_read_tiktoken(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                     fm_error *err) {
    const uint8_t *p = bytes, *end = p + size;
    fm_status status = FM_OK;
    if (size > MAX_FILE_BYTES)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %zu bytes, limit %d", t->name, size, MAX_FILE_BYTES);
    for (int line = 1; p < end; line++) {
        const uint8_t *newline = memchr(p, '\n', (size_t)(end - p));
        const uint8_t *stop = newline ? newline : end;
        const uint8_t *trimmed = stop > p && stop[-1] == '\r' ? stop - 1 : stop;
        if (trimmed > p) FM_TRY(read_line(t, p, trimmed, line, err));
        p = newline ? newline + 1 : end;
    }
    for (int byte = 0; byte < 256; byte++)
        if (t->byte_id[byte] < 0)
            return fm_error_set(err, FM_ERR_FORMAT,
                                "%s: no token for byte 0x%02x: the file is cut short or is not "
                                "a byte-level vocabulary",
                                t->name, (unsigned)byte);
    t->whole_words = true;
    FM_TRY(choose_pattern(t, bytes, size, pattern, err));
    FM_TRY(fm_tokenizer_put_implied_merges(t, err));
fail:
    return status;
}
