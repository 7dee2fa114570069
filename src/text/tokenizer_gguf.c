/* tokenizer_gguf.c: the vocabulary inside a GGUF file (keys tokenizer.ggml.*, model "gpt2": byte-level BPE).
 *
 * Token types: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. Unknown, control and
 * user-defined tokens are recognised in text by their names; the names of the others are in the byte
 * alphabet.
 */
#include <string.h>

#include "file/gguf.h"
#include "text/byte_alphabet.h"
#include "text/pretokenizer.h"
#include "text/tokenizer_impl.h"

enum { TYPE_NORMAL = 1, TYPE_UNKNOWN, TYPE_CONTROL, TYPE_USER, TYPE_UNUSED, TYPE_BYTE };

static bool is_text(fm_gguf_string s, const char *text) {
    return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

static fm_status put_token(fm_tokenizer *t, int32_t id, fm_gguf_string text, int32_t type, fm_error *err) {
    fm_buf bytes = {0};
    fm_status status;
    bool added = type == TYPE_UNKNOWN || type == TYPE_CONTROL || type == TYPE_USER;
    if (type < TYPE_NORMAL || type > TYPE_BYTE)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tokenizer.ggml.token_type[%d]: %d is not in 1..6",
                            t->name, id, type);
    if (!added && type != TYPE_UNUSED && fm_bytes_from_alphabet(text.data, text.size, &bytes))
        status = fm_tokenizer_put(t, id, bytes.data, bytes.size, FM_TOKEN_WORD, "tokenizer.ggml.tokens", err);
    else
        status = fm_tokenizer_put(t, id, text.data, text.size, FM_TOKEN_RAW, "tokenizer.ggml.tokens", err);
    fm_buf_release(&bytes);
    if (status == FM_OK && added) status = fm_tokenizer_put_added(t, id, type != TYPE_USER, false, err);
    return status;
}

static fm_status read_tokens(fm_tokenizer *t, const fm_gguf *g, fm_error *err) {
    const fm_gguf_pair *tokens, *token_types = NULL;
    fm_status status = FM_OK;
    FM_TRY(fm_gguf_get_array(g, "tokenizer.ggml.tokens", FM_GGUF_STRING, &tokens, err));
    if (tokens->count > FM_TOKENIZER_MAX_VOCAB)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: tokenizer.ggml.tokens: %llu tokens, limit %d", t->name,
                            (unsigned long long)tokens->count, FM_TOKENIZER_MAX_VOCAB);
    if (fm_gguf_find(g, "tokenizer.ggml.token_type")) {
        FM_TRY(fm_gguf_get_array(g, "tokenizer.ggml.token_type", FM_GGUF_I32, &token_types, err));
        if (token_types->count != tokens->count)
            return fm_error_set(err, FM_ERR_FORMAT,
                                "%s: tokenizer.ggml.token_type: %llu types for %llu tokens", t->name,
                                (unsigned long long)token_types->count, (unsigned long long)tokens->count);
    }
    const uint8_t *cursor = tokens->data;
    for (uint64_t i = 0; i < tokens->count; i++) {
        int32_t type = token_types ? fm_gguf_i32_at(token_types, i) : TYPE_NORMAL;
        FM_TRY(put_token(t, (int32_t)i, fm_gguf_next_string(&cursor), type, err));
    }
fail:
    return status;
}

static fm_status read_merges(fm_tokenizer *t, const fm_gguf *g, fm_error *err) {
    const fm_gguf_pair *merges;
    fm_status status = fm_gguf_get_array(g, "tokenizer.ggml.merges", FM_GGUF_STRING, &merges, err);
    if (status != FM_OK) return status;
    const uint8_t *cursor = merges->data;
    for (uint64_t i = 0; i < merges->count && status == FM_OK; i++) {
        fm_gguf_string text = fm_gguf_next_string(&cursor);
        status = fm_tokenizer_put_merge_text(t, text.data, text.size, "tokenizer.ggml.merges", i, err);
    }
    return status;
}

fm_status fm_tokenizer_read_gguf(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                 fm_error *err) {
    fm_gguf *g = NULL;
    fm_gguf_string model, pre;
    fm_status status = FM_OK;
    FM_TRY(fm_gguf_open(&g, bytes, size, t->name, err));
    FM_TRY(fm_gguf_get_string(g, "tokenizer.ggml.model", &model, err));
    if (!is_text(model, "gpt2")) {
        status =
            fm_error_set(err, FM_ERR_UNSUPPORTED,
                         "%s: tokenizer.ggml.model: \"%.*s\"; only \"gpt2\" (byte-level BPE) is supported",
                         t->name, (int)(model.size < 40 ? model.size : 40), model.data);
        goto fail;
    }
    if (pattern) {
        FM_TRY(fm_tokenizer_put_pattern(t, pattern, err));
    } else {
        FM_TRY(fm_gguf_get_string(g, "tokenizer.ggml.pre", &pre, err));
        const fm_pretokenizer *entry = fm_pretokenizer_find(pre.data, pre.size);
        if (entry == NULL) {
            status =
                fm_error_set(err, FM_ERR_UNSUPPORTED,
                             "%s: tokenizer.ggml.pre: no pre-tokeniser \"%.*s\" is known; give a pattern",
                             t->name, (int)(pre.size < 40 ? pre.size : 40), pre.data);
            goto fail;
        }
        t->whole_words = entry->whole_words;
        for (int i = 0; i < FM_PRETOKENIZER_PATTERNS && entry->patterns[i]; i++)
            FM_TRY(fm_tokenizer_put_pattern(t, entry->patterns[i], err));
    }
    FM_TRY(read_tokens(t, g, err));
    FM_TRY(read_merges(t, g, err));
fail:
    fm_gguf_close(g);
    return status;
}
