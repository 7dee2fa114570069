/* tokenizer_impl.h: the tokeniser's insides, shared by the files of this folder that read, write, train,
 * encode and decode. Private to src/text.
 *
 * Invariants, kept by tokenizer_build.c:
 *  1. Ids run from 0 to vocab_size - 1; a missing id has flags 0.
 *  2. `words` finds exactly the tokens flagged FM_TOKEN_WORD, by their bytes, which are all different.
 *  3. A merge's rank is its priority, lower first. With `whole_words` (tiktoken) the rank is the id that it
 * makes.
 */
#ifndef FM_TEXT_TOKENIZER_IMPL_H
#define FM_TEXT_TOKENIZER_IMPL_H

#include <stdatomic.h>

#include "text/pattern.h"
#include "text/tokenizer.h"

enum {
    FM_TOKEN_PRESENT = 1,
    FM_TOKEN_WORD = 2,    /* can come out of the merges */
    FM_TOKEN_ADDED = 4,   /* recognised in text as a whole */
    FM_TOKEN_SPECIAL = 8, /* control: not for readers */
    FM_TOKEN_RAW = 16     /* its name in tokenizer.json is its text, not in the byte alphabet */
};

enum {
    FM_TOKENIZER_MAX_PATTERNS = 8,
    FM_TOKENIZER_MAX_MERGES = (1 << 24) - 1,
    FM_TOKENIZER_MAX_FILE_BYTES = 1 << 28
};

/* Added tokens as a tree of bytes: children of a node are linked by `sibling`. */
typedef struct fm_added_node {
    int32_t child, sibling; /* -1: none */
    int32_t id;             /* the token that ends here, or -1 */
    uint8_t byte;
} fm_added_node;

typedef struct fm_added_tree {
    fm_added_node *nodes;
    int32_t count, room;
    int32_t root[256]; /* first node by first byte, -1: none */
} fm_added_tree;

struct fm_tokenizer {
    char *name;        /* heads messages: the path */
    fm_buf bytes;      /* of all tokens, one after the other */
    uint32_t *offsets; /* [room] */
    uint32_t *sizes;   /* [room] */
    uint8_t *flags;    /* [room] */
    int32_t vocab_size, room;

    uint64_t *words; /* open addressing: hash's upper half << 32 | id + 1; 0 is empty */
    size_t word_slots, word_count;
    int32_t byte_id[256]; /* the token of each byte, or -1 */

    uint64_t *pairs; /* open addressing: left << 44 | right << 24 | rank; all ones is empty */
    size_t pair_slots, pair_count;
    int32_t *merged; /* [merged_count]: rank -> id; NULL when the rank is the id */
    int32_t merged_count;
    bool whole_words; /* a word that is a token is that token, merges or not (tiktoken, ignore_merges) */
    _Atomic uint8_t
        *reach; /* [vocab_size] do merges make the token out of its bytes? 0 not tried yet, 1 yes, 2 no */

    uint32_t *chars; /* [FM_CHARS] the tokens that characters may start as; see tokenizer_chars.c */

    fm_pattern *patterns[FM_TOKENIZER_MAX_PATTERNS]; /* each cuts the pieces of the one before */
    int pattern_count;
    bool nfc;

    fm_added_tree plain;      /* added tokens found in the text as it is */
    fm_added_tree normalized; /* and those found after normalisation */
};

/* ---- tokenizer_chars.c ---- */

/* An entry of t->chars: the id in the low 20 bits, and in which surroundings the character must enter as
 * bytes. */
enum {
    FM_CHARS = 0x10000, /* code points */
    FM_NEXT_KINDS = 10, /* of bytes that may stand behind a character */
    FM_CHAR_ID = 0xfffff,
    FM_CHAR_NOT_AFTER_ASCII = 1 << 20,
    FM_CHAR_NOT_BEFORE = 1 << 21 /* << kind of the next byte */
};
#define FM_CHAR_NONE UINT32_MAX

/* ASCII, the leads E3 (kana, Chinese stops), E4 to E9 (Han), EF (wide forms), and all other leads. */
static inline int fm_next_kind(uint8_t next) {
    if (next >= 0xe3 && next <= 0xe9) return next - 0xe2;
    return next < 0x80 ? 0 : next == 0xef ? 8 : 9;
}

/* Fills t->chars. */
fm_status fm_tokenizer_find_chars(fm_tokenizer *t, fm_error *err);

/* ---- tokenizer_build.c ---- */

fm_status fm_tokenizer_new(fm_tokenizer **out, const char *name, fm_error *err);

/* Adds a token. Refuses ids out of range or in use, empty or overlong bytes, and, for FM_TOKEN_WORD, bytes in
 * use; `field` names the place in the file. */
fm_status fm_tokenizer_put(fm_tokenizer *t, int64_t id, const void *bytes, size_t size, unsigned flags,
                           const char *field, fm_error *err);

/* Adds a merge of two tokens of the vocabulary. Ranks must come in ascending order. A pair that is there
 * already keeps its first rank. */
fm_status fm_tokenizer_put_merge(fm_tokenizer *t, int32_t left, int32_t right, int32_t result, fm_error *err);

/* The same for entry `index` of a list of merges whose tokens are given by name, in the byte alphabet; the
 * second takes "left right". */
fm_status fm_tokenizer_put_merge_names(fm_tokenizer *t, const char *left, size_t left_size, const char *right,
                                       size_t right_size, const char *field, uint64_t index, fm_error *err);
fm_status fm_tokenizer_put_merge_text(fm_tokenizer *t, const char *text, size_t size, const char *field,
                                      uint64_t index, fm_error *err);

/* All merges that tiktoken's rule implies: two tokens whose bytes together are a token merge with its id as
 * rank. */
fm_status fm_tokenizer_put_implied_merges(fm_tokenizer *t, fm_error *err);

/* Makes token `id` one that is recognised in text; `after_nfc`: in the normalised text. */
fm_status fm_tokenizer_put_added(fm_tokenizer *t, int32_t id, bool special, bool after_nfc, fm_error *err);

fm_status fm_tokenizer_put_pattern(fm_tokenizer *t, const char *regex, fm_error *err);

/* What is left to do once everything was put. */
fm_status fm_tokenizer_seal(fm_tokenizer *t, fm_error *err);

/* ---- lookups ---- */

static inline uint64_t fm_word_hash(const uint8_t *p, size_t size) {
    uint64_t h = size * 0x9e3779b97f4a7c15ull, v;
    for (; size >= 8; p += 8, size -= 8) {
        __builtin_memcpy(&v, p, 8);
        h = (h ^ v) * 0xd6e8feb86659fd93ull;
        h ^= h >> 32;
    }
    v = 0;
    if (size & 4) {
        uint32_t w;
        __builtin_memcpy(&w, p, 4);
        v = w, p += 4;
    }
    if (size & 2) v = v << 16 | (uint64_t)p[0] << 8 | p[1], p += 2;
    if (size & 1) v = v << 8 | p[0];
    h = (h ^ v) * 0xd6e8feb86659fd93ull;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

/* The id of the word token with these bytes, or -1. */
static inline int32_t fm_word_find(const fm_tokenizer *t, const uint8_t *p, size_t size, uint64_t hash) {
    for (size_t i = hash & (t->word_slots - 1);; i = (i + 1) & (t->word_slots - 1)) {
        uint64_t slot = t->words[i];
        if (slot == 0) return -1;
        if (slot >> 32 != hash >> 32) continue;
        uint32_t id = (uint32_t)slot - 1;
        if (t->sizes[id] == size && __builtin_memcmp(t->bytes.data + t->offsets[id], p, size) == 0)
            return (int32_t)id;
    }
}

enum { FM_NO_RANK = 1 << 24 }; /* above every rank */

/* Where a pair's probing begins. */
static inline size_t fm_pair_slot(const fm_tokenizer *t, uint64_t key) {
    return (key * 0x9e3779b97f4a7c15ull >> 32) & (t->pair_slots - 1);
}

/* Begins to fetch what fm_pair_rank will read: the table is larger than the caches, and each miss costs as
 * much as all other work on the pair. */
static inline void fm_pair_prefetch(const fm_tokenizer *t, uint32_t left, uint32_t right) {
    __builtin_prefetch(&t->pairs[fm_pair_slot(t, (uint64_t)left << 20 | right)]);
}

/* The rank of a pair, or FM_NO_RANK. */
static inline uint32_t fm_pair_rank(const fm_tokenizer *t, uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 20 | right;
    for (size_t i = fm_pair_slot(t, key);; i = (i + 1) & (t->pair_slots - 1)) {
        uint64_t slot = t->pairs[i];
        if (slot >> 24 == key) return (uint32_t)slot & 0xffffff;
        if (slot == UINT64_MAX) return FM_NO_RANK;
    }
}

static inline int32_t fm_merge_result(const fm_tokenizer *t, uint32_t rank) {
    return t->merged ? t->merged[rank] : (int32_t)rank;
}

/* ---- added.c ---- */

void fm_added_init(fm_added_tree *tree);
fm_status fm_added_put(fm_added_tree *tree, const uint8_t *text, size_t size, int32_t id, fm_error *err);

/* The leftmost added token in text[from..size), the longest of those that begin there. */
bool fm_added_next(const fm_added_tree *tree, const uint8_t *text, size_t size, size_t from, size_t *begin,
                   size_t *end, int32_t *id);

/* ---- the three formats; each fills a new tokeniser ---- */

fm_status fm_tokenizer_read_json(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                 fm_error *err);
fm_status fm_tokenizer_read_tiktoken(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                     fm_error *err);
fm_status fm_tokenizer_read_gguf(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                 fm_error *err);

#endif
