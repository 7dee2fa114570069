/* fuzz_gguf.c: any bytes as a GGUF file: its pairs are walked, and its vocabulary is used. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "file/gguf.h"
#include "text/tokenizer_impl.h"

static uint64_t sum; /* keeps the reads alive */

static void walk(const fm_gguf *g) {
    for (int i = 0; i < fm_gguf_pair_count(g); i++) {
        const fm_gguf_pair *pair = fm_gguf_pair_at(g, i);
        const uint8_t *cursor = pair->data;
        for (uint64_t j = 0; pair->element == FM_GGUF_STRING && j < pair->count; j++) {
            fm_gguf_string s = fm_gguf_next_string(&cursor);
            if (s.size) sum += (uint8_t)s.data[0] + (uint8_t)s.data[s.size - 1];
        }
        if (pair->element == FM_GGUF_I32 && pair->count)
            sum += (uint32_t)fm_gguf_i32_at(pair, pair->count - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "ab <s> 中文 12";
    fm_gguf *g;
    fm_tokenizer *t;
    fm_error err = {0};
    fm_ids ids = {0};
    if (fm_gguf_open(&g, data, size, "fuzz", &err) != FM_OK) {
        if (strstr(err.message, "fuzz") == NULL) abort();
        return 0;
    }
    walk(g);
    fm_gguf_close(g);
    if (fm_tokenizer_new(&t, "fuzz", &err) == FM_OK) {
        if (fm_tokenizer_read_gguf(t, data, size, NULL, &err) == FM_OK && fm_tokenizer_seal(t, &err) == FM_OK)
            fm_tokenizer_encode(t, text, sizeof text - 1, FM_ENCODE_SPECIALS, &ids, &err);
        fm_tokenizer_close(t);
    }
    fm_ids_release(&ids);
    return 0;
}
