/* tokenizer_build.c: putting a tokeniser together, token by token and merge by merge, with every check that
 * does not depend on the file's format; see tokenizer_impl.h for the invariants. */
#include <stdlib.h>
#include <string.h>

#include "text/byte_alphabet.h"
#include "text/tokenizer_impl.h"

static fm_status no_memory(const fm_tokenizer *t, fm_error *err) {
    return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for a vocabulary of %d tokens", t->name,
                        t->vocab_size);
}

fm_status fm_tokenizer_new(fm_tokenizer **out, const char *name, fm_error *err) {
    *out = NULL;
    fm_tokenizer *t = calloc(1, sizeof *t);
    if (t) t->name = strdup(name);
    if (t == NULL || t->name == NULL) {
        free(t);
        return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for a tokeniser", name);
    }
    memset(t->byte_id, 0xff, sizeof t->byte_id);
    fm_added_init(&t->plain);
    fm_added_init(&t->normalized);
    *out = t;
    return FM_OK;
}

void fm_tokenizer_close(fm_tokenizer *t) {
    if (t == NULL) return;
    for (int i = 0; i < t->pattern_count; i++) fm_pattern_free(t->patterns[i]);
    free(t->plain.nodes);
    free(t->normalized.nodes);
    free((void *)t->reach);
    free(t->chars);
    free(t->merged);
    free(t->pairs);
    free(t->words);
    free(t->flags);
    free(t->sizes);
    free(t->offsets);
    fm_buf_release(&t->bytes);
    free(t->name);
    free(t);
}

/* ---- tokens ---- */

static fm_status grow_ids(fm_tokenizer *t, int32_t need, fm_error *err) {
    if (need <= t->room) return FM_OK;
    int32_t room = t->room ? t->room : 512;
    while (room < need) room *= 2;
    uint32_t *offsets = realloc(t->offsets, (size_t)room * sizeof *offsets);
    if (offsets) t->offsets = offsets;
    uint32_t *sizes = realloc(t->sizes, (size_t)room * sizeof *sizes);
    if (sizes) t->sizes = sizes;
    uint8_t *flags = realloc(t->flags, (size_t)room);
    if (flags) t->flags = flags;
    if (offsets == NULL || sizes == NULL || flags == NULL) return no_memory(t, err);
    memset(flags + t->room, 0, (size_t)(room - t->room));
    memset(sizes + t->room, 0, (size_t)(room - t->room) * sizeof *sizes);
    t->room = room;
    return FM_OK;
}

static void insert_word(uint64_t *words, size_t slots, uint64_t hash, int32_t id) {
    size_t i = hash & (slots - 1);
    while (words[i] != 0) i = (i + 1) & (slots - 1);
    words[i] = (hash >> 32) << 32 | (uint32_t)(id + 1);
}

/* Keeps the table at most half full. */
static fm_status grow_words(fm_tokenizer *t, fm_error *err) {
    if (2 * (t->word_count + 1) <= t->word_slots) return FM_OK;
    size_t slots = t->word_slots ? 2 * t->word_slots : 1024;
    uint64_t *words = calloc(slots, sizeof *words);
    if (words == NULL) return no_memory(t, err);
    for (size_t i = 0; i < t->word_slots; i++) {
        if (t->words[i] == 0) continue;
        int32_t id = (int32_t)((uint32_t)t->words[i] - 1);
        insert_word(words, slots, fm_word_hash((const uint8_t *)t->bytes.data + t->offsets[id], t->sizes[id]),
                    id);
    }
    free(t->words);
    t->words = words;
    t->word_slots = slots;
    return FM_OK;
}

static fm_status put_word(fm_tokenizer *t, int32_t id, const uint8_t *bytes, size_t size, const char *field,
                          fm_error *err) {
    fm_status status = grow_words(t, err);
    if (status != FM_OK) return status;
    uint64_t hash = fm_word_hash(bytes, size);
    int32_t other = fm_word_find(t, bytes, size, hash);
    if (other >= 0)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: %s: token %d has the same bytes as token %d", t->name,
                            field, id, other);
    insert_word(t->words, t->word_slots, hash, id);
    t->word_count++;
    if (size == 1) t->byte_id[bytes[0]] = id;
    return FM_OK;
}

fm_status fm_tokenizer_put(fm_tokenizer *t, int64_t id, const void *bytes, size_t size, unsigned flags,
                           const char *field, fm_error *err) {
    fm_status status = FM_OK;
    if (id < 0 || id >= FM_TOKENIZER_MAX_VOCAB)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %s: token id %lld is not in 0..%d", t->name, field,
                            (long long)id, FM_TOKENIZER_MAX_VOCAB - 1);
    if (size == 0 || size > FM_TOKENIZER_MAX_TOKEN_BYTES)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %s: token %lld is %zu bytes long, limit 1..%d", t->name,
                            field, (long long)id, size, FM_TOKENIZER_MAX_TOKEN_BYTES);
    FM_TRY(grow_ids(t, (int32_t)id + 1, err));
    if (t->flags[id])
        return fm_error_set(err, FM_ERR_FORMAT, "%s: %s: token id %lld is used twice", t->name, field,
                            (long long)id);
    if (t->bytes.size + size > UINT32_MAX)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %s: more than 4 GiB of tokens", t->name, field);
    t->offsets[id] = (uint32_t)t->bytes.size;
    t->sizes[id] = (uint32_t)size;
    fm_buf_append(&t->bytes, bytes, size);
    if (t->bytes.failed) return no_memory(t, err);
    if (flags & FM_TOKEN_WORD) FM_TRY(put_word(t, (int32_t)id, bytes, size, field, err));
    t->flags[id] = (uint8_t)(flags | FM_TOKEN_PRESENT);
    if (id >= t->vocab_size) t->vocab_size = (int32_t)id + 1;
fail:
    return status;
}

fm_status fm_tokenizer_put_added(fm_tokenizer *t, int32_t id, bool special, bool after_nfc, fm_error *err) {
    t->flags[id] |= (uint8_t)(FM_TOKEN_ADDED | (special ? FM_TOKEN_SPECIAL : 0));
    return fm_added_put(after_nfc ? &t->normalized : &t->plain,
                        (const uint8_t *)t->bytes.data + t->offsets[id], t->sizes[id], id, err);
}

/* ---- merges ---- */

static void insert_pair(uint64_t *pairs, size_t slots, uint64_t slot) {
    size_t i =
        ((slot >> 24) * 0x9e3779b97f4a7c15ull >> 32) & (slots - 1); /* as fm_pair_slot, in another table */
    while (pairs[i] != UINT64_MAX) i = (i + 1) & (slots - 1);
    pairs[i] = slot;
}

static fm_status grow_pairs(fm_tokenizer *t, fm_error *err) {
    if (3 * (t->pair_count + 1) <= 2 * t->pair_slots) return FM_OK; /* at most two thirds full */
    size_t slots = t->pair_slots ? 2 * t->pair_slots : 1024;
    uint64_t *pairs = malloc(slots * sizeof *pairs);
    if (pairs == NULL) return no_memory(t, err);
    memset(pairs, 0xff, slots * sizeof *pairs);
    for (size_t i = 0; i < t->pair_slots; i++)
        if (t->pairs[i] != UINT64_MAX) insert_pair(pairs, slots, t->pairs[i]);
    free(t->pairs);
    t->pairs = pairs;
    t->pair_slots = slots;
    return FM_OK;
}

static fm_status put_pair(fm_tokenizer *t, int32_t left, int32_t right, int32_t rank, fm_error *err) {
    fm_status status = grow_pairs(t, err);
    if (status != FM_OK || fm_pair_rank(t, (uint32_t)left, (uint32_t)right) != FM_NO_RANK) return status;
    insert_pair(t->pairs, t->pair_slots, (uint64_t)left << 44 | (uint64_t)right << 24 | (uint32_t)rank);
    t->pair_count++;
    return FM_OK;
}

fm_status fm_tokenizer_put_merge(fm_tokenizer *t, int32_t left, int32_t right, int32_t result,
                                 fm_error *err) {
    if (t->merged_count == FM_TOKENIZER_MAX_MERGES)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: more than %d merges", t->name, FM_TOKENIZER_MAX_MERGES);
    if ((t->merged_count & (t->merged_count - 1)) == 0) { /* grows at powers of two */
        size_t room = t->merged_count ? 2 * (size_t)t->merged_count : 1;
        int32_t *merged = realloc(t->merged, room * sizeof *merged);
        if (merged == NULL) return no_memory(t, err);
        t->merged = merged;
    }
    t->merged[t->merged_count] = result;
    return put_pair(t, left, right, t->merged_count++, err);
}

/* The word token that `text` names in the byte alphabet, whose bytes are appended to *bytes; -1 when there is
 * none. */
static int32_t find_named(const fm_tokenizer *t, const char *text, size_t size, fm_buf *bytes) {
    size_t before = bytes->size;
    if (t->word_slots == 0 || !fm_bytes_from_alphabet(text, size, bytes) || bytes->failed) return -1;
    const uint8_t *p = (const uint8_t *)bytes->data + before;
    return fm_word_find(t, p, bytes->size - before, fm_word_hash(p, bytes->size - before));
}

fm_status fm_tokenizer_put_merge_names(fm_tokenizer *t, const char *left, size_t left_size, const char *right,
                                       size_t right_size, const char *field, uint64_t index, fm_error *err) {
    fm_buf bytes = {0};
    fm_status status = FM_OK;
    const char *unknown = left;
    size_t unknown_size = left_size;
    int32_t left_id = left_size ? find_named(t, left, left_size, &bytes) : -1, right_id = -1, result = -1;
    if (left_id >= 0) {
        unknown = right;
        unknown_size = right_size;
        right_id = right_size ? find_named(t, right, right_size, &bytes) : -1;
    }
    const uint8_t *p = (const uint8_t *)bytes.data;
    if (right_id >= 0) result = fm_word_find(t, p, bytes.size, fm_word_hash(p, bytes.size));
    if (bytes.failed) {
        status = no_memory(t, err);
    } else if (left_id < 0 || right_id < 0) {
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: %s[%llu]: \"%.*s\" is not in the vocabulary", t->name,
                              field, (unsigned long long)index, (int)(unknown_size < 40 ? unknown_size : 40),
                              unknown);
    } else if (result < 0) {
        status = fm_error_set(err, FM_ERR_FORMAT,
                              "%s: %s[%llu]: the merge of tokens %d and %d is not in the vocabulary", t->name,
                              field, (unsigned long long)index, left_id, right_id);
    } else {
        status = fm_tokenizer_put_merge(t, left_id, right_id, result, err);
    }
    fm_buf_release(&bytes);
    return status;
}

fm_status fm_tokenizer_put_merge_text(fm_tokenizer *t, const char *text, size_t size, const char *field,
                                      uint64_t index, fm_error *err) {
    const char *space = size > 1 ? memchr(text + 1, ' ', size - 1) : NULL;
    if (space == NULL)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: %s[%llu]: \"%.*s\" is not two tokens with a space between them", t->name,
                            field, (unsigned long long)index, (int)(size < 40 ? size : 40), text);
    size_t left_size = (size_t)(space - text);
    return fm_tokenizer_put_merge_names(t, text, left_size, space + 1, size - left_size - 1, field, index,
                                        err);
}

fm_status fm_tokenizer_put_implied_merges(fm_tokenizer *t, fm_error *err) {
    for (int32_t id = 0; id < t->vocab_size; id++) {
        if (!(t->flags[id] & FM_TOKEN_WORD)) continue;
        const uint8_t *bytes = (const uint8_t *)t->bytes.data + t->offsets[id];
        size_t size = t->sizes[id];
        for (size_t cut = 1; cut < size; cut++) {
            int32_t left = fm_word_find(t, bytes, cut, fm_word_hash(bytes, cut));
            if (left < 0) continue;
            int32_t right = fm_word_find(t, bytes + cut, size - cut, fm_word_hash(bytes + cut, size - cut));
            if (right < 0) continue;
            fm_status status = put_pair(t, left, right, id, err);
            if (status != FM_OK) return status;
        }
    }
    return FM_OK;
}

/* ---- the end ---- */

fm_status fm_tokenizer_put_pattern(fm_tokenizer *t, const char *regex, fm_error *err) {
    if (t->pattern_count == FM_TOKENIZER_MAX_PATTERNS)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: more than %d pre-tokeniser patterns", t->name,
                            FM_TOKENIZER_MAX_PATTERNS);
    fm_status status = fm_pattern_compile(&t->patterns[t->pattern_count], regex, strlen(regex), err);
    if (status != FM_OK) return fm_error_prefix(err, "%s", t->name);
    t->pattern_count++;
    return FM_OK;
}

fm_status fm_tokenizer_seal(fm_tokenizer *t, fm_error *err) {
    fm_status status = FM_OK;
    FM_TRY(grow_words(t, err));
    FM_TRY(grow_pairs(t, err));
    if (t->word_count == 0) return fm_error_set(err, FM_ERR_FORMAT, "%s: the vocabulary is empty", t->name);
    FM_TRY(fm_tokenizer_find_chars(t, err));
    t->reach = calloc((size_t)t->vocab_size, sizeof *t->reach);
    if (t->reach == NULL) return no_memory(t, err);
fail:
    return status;
}
