/* tokenizer_encode.c: text -> ids: added tokens are cut out, the rest is normalised, cut into words by the
 * patterns, and each word merged; see tokenizer.h.
 *
 * The cost of a word: most words are tokens and cost one lookup. For the others the pair with the lowest rank
 * is merged until none is left: in a plain array while the word is short, with a heap when it is long, so
 * that a hostile text of one word takes n log n. In long texts a small cache spares the merging of words seen
 * before.
 */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_impl.h"
#include "text/unicode.h"

enum {
    SHORT_WORD = 48, /* symbols; above this the heap is faster */
    CACHE_SLOTS = 1 << 13,
    CACHE_KEY = 26,
    CACHE_IDS = 8,
    CACHE_MIN_TEXT = 1 << 14 /* bytes of text that pay for clearing the cache */
};

static const size_t max_text = (size_t)1 << 30;

/* One word and its ids; a cache line. size 0: empty. */
typedef struct cache_entry {
    uint32_t hash;
    uint8_t size, count;
    uint8_t key[CACHE_KEY];
    int32_t ids[CACHE_IDS];
} cache_entry;

/* A symbol of a long word; `next` and `previous` index symbols, -1 at the ends. */
typedef struct symbol {
    int32_t id, previous, next;
    uint32_t rank; /* of the pair with the next symbol, or FM_NO_RANK */
} symbol;

typedef struct encoder {
    const fm_tokenizer *t;
    fm_ids *out;
    cache_entry *cache; /* [CACHE_SLOTS] or NULL */
    symbol *symbols;    /* scratch for long words, grown as needed */
    uint64_t *heap;     /* rank << 32 | position */
    size_t room;
    fm_error *err;
} encoder;

/* ---- lists of ids ---- */

fm_status fm_ids_reserve(fm_ids *ids, size_t more, fm_error *err) {
    if (more <= ids->room - ids->count) return FM_OK;
    size_t room = ids->room ? ids->room : 64;
    while (room - ids->count < more) {
        if (room > SIZE_MAX / 2 / sizeof *ids->data)
            return fm_error_set(err, FM_ERR_MEMORY, "too many token ids");
        room *= 2;
    }
    int32_t *data = realloc(ids->data, room * sizeof *data);
    if (data == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu token ids", room);
    ids->data = data;
    ids->room = room;
    return FM_OK;
}

fm_status fm_ids_push(fm_ids *ids, int32_t id, fm_error *err) {
    if (ids->count == ids->room) {
        fm_status status = fm_ids_reserve(ids, 1, err);
        if (status != FM_OK) return status;
    }
    ids->data[ids->count++] = id;
    return FM_OK;
}

void fm_ids_release(fm_ids *ids) {
    free(ids->data);
    *ids = (fm_ids){0};
}

/* ---- merging ---- */

static fm_status no_byte(const fm_tokenizer *t, uint8_t byte, fm_error *err) {
    return fm_error_set(err, FM_ERR_UNSUPPORTED, "%s: the vocabulary has no token for byte 0x%02x", t->name,
                        byte);
}

/* The symbol at p of the word begin..end: a whole character where that is safe, else a byte; -1 when the
 * vocabulary lacks the byte. */
static inline int32_t first_symbol(const fm_tokenizer *t, const uint8_t *begin, const uint8_t *p,
                                   const uint8_t *end, size_t *length) {
    *length = 1;
    if (*p < 0xc2) return t->byte_id[*p];
    uint32_t code;
    size_t size = fm_utf8_decode(p, end, &code);
    uint32_t entry = code < FM_CHARS ? t->chars[code] : FM_CHAR_NONE;
    if (entry == FM_CHAR_NONE || (p > begin && p[-1] < 0x80 && (entry & FM_CHAR_NOT_AFTER_ASCII)))
        return t->byte_id[*p];
    if (p + size < end) {
        uint8_t next = p[size];
        if ((next & 0xc0) == 0x80 || (entry & (uint32_t)FM_CHAR_NOT_BEFORE << fm_next_kind(next)))
            return t->byte_id[*p];
    }
    *length = size;
    return (int32_t)(entry & FM_CHAR_ID);
}

/* Merges the bytes of a short word into ids[]; returns how many, or -1 with *missing when a byte has no
 * token. */
static int merge_short(const fm_tokenizer *t, const uint8_t *p, int size, int32_t ids[SHORT_WORD],
                       uint8_t *missing) {
    uint32_t ranks[SHORT_WORD];
    const uint8_t *begin = p, *end = p + size;
    int n = 0;
    for (size_t length; p < end; p += length, n++) {
        ids[n] = first_symbol(t, begin, p, end, &length);
        if (ids[n] < 0) {
            *missing = *p;
            return -1;
        }
        if (n > 0) fm_pair_prefetch(t, (uint32_t)ids[n - 1], (uint32_t)ids[n]);
    }
    for (int i = 0; i + 1 < n; i++) ranks[i] = fm_pair_rank(t, (uint32_t)ids[i], (uint32_t)ids[i + 1]);
    for (;;) {
        uint32_t best = FM_NO_RANK;
        int at = 0;
        for (int i = 0; i + 1 < n; i++) {
            if (ranks[i] < best) {
                best = ranks[i];
                at = i;
            }
        }
        if (best == FM_NO_RANK) return n;
        ids[at] = fm_merge_result(t, best);
        n--;
        if (at > 0) fm_pair_prefetch(t, (uint32_t)ids[at - 1], (uint32_t)ids[at]);
        if (at + 1 < n) fm_pair_prefetch(t, (uint32_t)ids[at], (uint32_t)ids[at + 2]);
        for (int i = at + 1; i < n; i++) ids[i] = ids[i + 1];
        for (int i = at; i + 1 < n; i++) ranks[i] = ranks[i + 1];
        if (at > 0) ranks[at - 1] = fm_pair_rank(t, (uint32_t)ids[at - 1], (uint32_t)ids[at]);
        if (at + 1 < n) ranks[at] = fm_pair_rank(t, (uint32_t)ids[at], (uint32_t)ids[at + 1]);
    }
}

static void heap_push(uint64_t *heap, size_t *count, uint64_t key) {
    size_t i = (*count)++;
    for (; i > 0 && heap[(i - 1) / 2] > key; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = key;
}

static uint64_t heap_pop(uint64_t *heap, size_t *count) {
    uint64_t top = heap[0], last = heap[--*count];
    size_t i = 0, child;
    for (; (child = 2 * i + 1) < *count; i = child) {
        if (child + 1 < *count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= last) break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Sets the rank of the pair that begins at symbol i and queues it. */
static void rank_pair(encoder *e, size_t *heap_count, int32_t i) {
    symbol *s = &e->symbols[i];
    s->rank =
        s->next < 0 ? FM_NO_RANK : fm_pair_rank(e->t, (uint32_t)s->id, (uint32_t)e->symbols[s->next].id);
    if (s->rank != FM_NO_RANK) heap_push(e->heap, heap_count, (uint64_t)s->rank << 32 | (uint32_t)i);
}

static fm_status make_room(encoder *e, size_t size) {
    if (size <= e->room) return FM_OK;
    free(e->symbols);
    free(e->heap);
    e->symbols = malloc(size * sizeof *e->symbols);
    e->heap =
        malloc(3 * size * sizeof *e->heap); /* size - 1 pairs at first, at most two more for each merge */
    e->room = e->symbols && e->heap ? size : 0;
    if (e->room) return FM_OK;
    return fm_error_set(e->err, FM_ERR_MEMORY, "%s: no memory to encode a word of %zu bytes", e->t->name,
                        size);
}

/* The same for a word of any size, appended to the output. Entries of the heap whose rank is no longer that
 * of their symbol are stale and skipped. */
static fm_status merge_long(encoder *e, const uint8_t *p, size_t size) {
    fm_status status = make_room(e, size);
    if (status != FM_OK) return status;
    symbol *s = e->symbols;
    const uint8_t *begin = p, *end = p + size;
    size_t heap_count = 0, n = 0;
    for (size_t length; p < end; p += length, n++) {
        int32_t id = first_symbol(e->t, begin, p, end, &length);
        if (id < 0) return no_byte(e->t, *p, e->err);
        s[n] = (symbol){.id = id, .previous = (int32_t)n - 1, .next = (int32_t)n + 1};
        if (n > 0) fm_pair_prefetch(e->t, (uint32_t)s[n - 1].id, (uint32_t)id);
    }
    s[n - 1].next = -1;
    for (size_t i = 0; i < n; i++) rank_pair(e, &heap_count, (int32_t)i);
    while (heap_count > 0) {
        uint64_t key = heap_pop(e->heap, &heap_count);
        int32_t at = (int32_t)(uint32_t)key;
        if (s[at].rank != key >> 32) continue;
        int32_t gone = s[at].next;
        s[at].id = fm_merge_result(e->t, s[at].rank);
        s[at].next = s[gone].next;
        if (s[at].next >= 0) s[s[at].next].previous = at;
        s[gone].rank = FM_NO_RANK;
        rank_pair(e, &heap_count, at);
        if (s[at].previous >= 0) rank_pair(e, &heap_count, s[at].previous);
    }
    for (int32_t i = 0; i >= 0 && status == FM_OK; i = s[i].next)
        status = fm_ids_push(e->out, s[i].id, e->err);
    return status;
}

/* Whether merging the bytes of token `id` gives that token, so that a word with these bytes needs no merging.
 * Several threads may find out at once; they find the same. */
static bool is_reachable(encoder *e, int32_t id, const uint8_t *p, size_t size) {
    uint8_t known = atomic_load_explicit(&e->t->reach[id], memory_order_relaxed);
    if (known) return known == 1;
    int32_t ids[SHORT_WORD];
    uint8_t missing;
    if (size > SHORT_WORD) return false; /* merged each time, as if the token were unknown */
    bool reachable = merge_short(e->t, p, (int)size, ids, &missing) == 1 && ids[0] == id;
    atomic_store_explicit(&e->t->reach[id], reachable ? 1 : 2, memory_order_relaxed);
    return reachable;
}

static fm_status append(encoder *e, const int32_t *ids, int count) {
    fm_status status = fm_ids_reserve(e->out, (size_t)count, e->err);
    if (status != FM_OK) return status;
    memcpy(e->out->data + e->out->count, ids, (size_t)count * sizeof *ids);
    e->out->count += (size_t)count;
    return FM_OK;
}

static fm_status encode_word(encoder *e, const uint8_t *p, size_t size) {
    const fm_tokenizer *t = e->t;
    uint64_t hash = fm_word_hash(p, size);
    int32_t id = fm_word_find(t, p, size, hash);
    if (id >= 0 && (t->whole_words || is_reachable(e, id, p, size))) return fm_ids_push(e->out, id, e->err);
    if (size > SHORT_WORD) return merge_long(e, p, size);
    cache_entry *entry = NULL;
    if (e->cache && size <= CACHE_KEY) {
        entry = &e->cache[hash >> 16 & (CACHE_SLOTS - 1)];
        if (entry->hash == (uint32_t)hash && entry->size == size && memcmp(entry->key, p, size) == 0)
            return append(e, entry->ids, entry->count);
    }
    int32_t ids[SHORT_WORD];
    uint8_t missing = 0;
    int count = merge_short(t, p, (int)size, ids, &missing);
    if (count < 0) return no_byte(t, missing, e->err);
    if (entry && count <= CACHE_IDS) {
        entry->hash = (uint32_t)hash;
        entry->size = (uint8_t)size;
        entry->count = (uint8_t)count;
        memcpy(entry->key, p, size);
        memcpy(entry->ids, ids, (size_t)count * sizeof *ids);
    }
    return append(e, ids, count);
}

/* ---- cutting ---- */

/* Cuts a piece with pattern `level`; matches and what lies between them go on to the next pattern. */
static fm_status encode_piece(encoder *e, const uint8_t *text, size_t size, int level) {
    if (level == e->t->pattern_count) return encode_word(e, text, size);
    const fm_pattern *pattern = e->t->patterns[level];
    fm_pattern_scratch scratch = {0};
    fm_status status = FM_OK;
    size_t at = 0, begin, end;
    while (at < size) {
        if (!fm_pattern_next(pattern, &scratch, text, size, at, &begin, &end)) begin = end = size;
        if (begin > at) FM_TRY(encode_piece(e, text + at, begin - at, level + 1));
        if (end > begin) FM_TRY(encode_piece(e, text + begin, end - begin, level + 1));
        at = end;
    }
fail:
    fm_pattern_scratch_release(&scratch);
    return status;
}

typedef fm_status (*piece_function)(encoder *e, const uint8_t *text, size_t size, bool specials);

/* Cuts the tree's added tokens out of the text and hands the rest to `rest`. */
static fm_status cut_added(encoder *e, const fm_added_tree *tree, const uint8_t *text, size_t size,
                           bool specials, piece_function rest) {
    fm_status status = FM_OK;
    size_t at = 0, begin, end;
    int32_t id = -1;
    while (at < size) {
        if (!specials || !fm_added_next(tree, text, size, at, &begin, &end, &id)) begin = end = size;
        if (begin > at) FM_TRY(rest(e, text + at, begin - at, specials));
        if (end > begin) FM_TRY(fm_ids_push(e->out, id, e->err));
        at = end;
    }
fail:
    return status;
}

static fm_status encode_normal(encoder *e, const uint8_t *text, size_t size, bool specials) {
    (void)specials;
    return encode_piece(e, text, size, 0);
}

static fm_status encode_raw(encoder *e, const uint8_t *text, size_t size, bool specials) {
    if (!e->t->nfc || !fm_nfc_needed(text, size))
        return cut_added(e, &e->t->normalized, text, size, specials, encode_normal);
    fm_buf normal = {0};
    fm_status status = fm_nfc(text, size, &normal, e->err);
    if (status == FM_OK)
        status = cut_added(e, &e->t->normalized, (const uint8_t *)normal.data, normal.size, specials,
                           encode_normal);
    fm_buf_release(&normal);
    return status;
}

fm_status fm_tokenizer_encode(const fm_tokenizer *tokenizer, const void *text, size_t size, unsigned flags,
                              fm_ids *out, fm_error *err) {
    if (size > max_text)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: a text of %zu bytes, limit %zu", tokenizer->name, size,
                            max_text);
    size_t count = out->count;
    encoder e = {.t = tokenizer, .out = out, .err = err};
    if (size >= CACHE_MIN_TEXT)
        e.cache = calloc(CACHE_SLOTS, sizeof *e.cache); /* without it: slower, not wrong */
    fm_status status = cut_added(&e, &tokenizer->plain, text, size, flags & FM_ENCODE_SPECIALS, encode_raw);
    free(e.cache);
    free(e.symbols);
    free(e.heap);
    if (status != FM_OK) out->count = count;
    return status;
}
