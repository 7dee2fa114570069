/* word_counts.c: see word_counts.h. */
#include "text/word_counts.h"

#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_impl.h"

static fm_status no_memory(const fm_word_counts *c, fm_error *err) {
    return fm_error_set(err, FM_ERR_MEMORY, "no memory to count %zu different words", c->count);
}

static fm_status grow(fm_word_counts *c, fm_error *err) {
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 1024;
        fm_word_count *words = realloc(c->words, room * sizeof *words);
        if (words == NULL) return no_memory(c, err);
        c->words = words;
        c->room = room;
    }
    if (2 * (c->count + 1) <= c->slot_count) return FM_OK;
    size_t slot_count = c->slot_count ? 2 * c->slot_count : 4096;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) return no_memory(c, err);
    for (size_t w = 0; w < c->count; w++) {
        size_t i = c->words[w].hash & (slot_count - 1);
        while (slots[i]) i = (i + 1) & (slot_count - 1);
        slots[i] = (uint32_t)w + 1;
    }
    free(c->slots);
    c->slots = slots;
    c->slot_count = slot_count;
    return FM_OK;
}

fm_status fm_word_counts_add(fm_word_counts *c, const uint8_t *bytes, size_t size, uint64_t count,
                             fm_error *err) {
    fm_status status = grow(c, err);
    if (status != FM_OK) return status;
    uint32_t hash = (uint32_t)(fm_word_hash(bytes, size) >> 16);
    size_t i = hash & (c->slot_count - 1);
    for (; c->slots[i]; i = (i + 1) & (c->slot_count - 1)) {
        fm_word_count *word = &c->words[c->slots[i] - 1];
        if (word->hash == hash && word->size == size &&
            memcmp(c->bytes.data + word->offset, bytes, size) == 0) {
            word->count += count;
            return FM_OK;
        }
    }
    if (c->count >= INT32_MAX)
        return fm_error_set(err, FM_ERR_LIMIT, "more than %d different words", INT32_MAX);
    c->words[c->count] = (fm_word_count){c->bytes.size, (uint32_t)size, hash, count};
    fm_buf_append(&c->bytes, bytes, size);
    if (c->bytes.failed) return no_memory(c, err);
    c->slots[i] = (uint32_t)++c->count;
    return FM_OK;
}

fm_status fm_word_counts_merge(fm_word_counts *c, const fm_word_counts *other, fm_error *err) {
    fm_status status = FM_OK;
    for (size_t w = 0; w < other->count && status == FM_OK; w++) {
        const fm_word_count *word = &other->words[w];
        status = fm_word_counts_add(c, (const uint8_t *)other->bytes.data + word->offset, word->size,
                                    word->count, err);
    }
    return status;
}

void fm_word_counts_release(fm_word_counts *c) {
    free(c->slots);
    free(c->words);
    fm_buf_release(&c->bytes);
    *c = (fm_word_counts){0};
}
