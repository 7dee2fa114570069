/* tokenizer_chars.c: which characters may enter the merges as one token instead of two or three bytes. Most
 * of the work on Chinese text would be to put its characters together again and again.
 *
 * A character c with bytes b1..bn may start as one token if that never changes the outcome. Let R be the
 * highest rank among the merges that make c out of its bytes alone. It may when (a) those merges end in one
 * token; (b) no merge of rank <= R joins a part of c to what stands outside: none has a proper prefix of c as
 * its right side, or a proper suffix of c as its left side; (c) every merge with c itself as one side has a
 * rank > R. Because the lowest rank goes first: by (b), as long as c is in parts, the next merge inside it
 * comes before any merge of a part with a neighbour, so c is completed in any surroundings; and by (c) a
 * merge chosen while c is still in parts, having a rank <= R, would be chosen as well if c were complete. The
 * rest of the merges are the same either way.
 *
 * Vocabularies do have merges against (b), such as a space with the first byte of a character. So the
 * surroundings are told apart: t->chars says for which kinds of neighbour (b) fails, and the encoder looks. A
 * continuation byte behind c, which UTF-8 excludes, is never accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_impl.h"
#include "text/unicode.h"

/* The lowest rank of the merges in which a token takes part. */
typedef struct lowest {
    uint32_t left;                       /* as the left side */
    uint32_t left_before[FM_NEXT_KINDS]; /* the same where the right side begins with this kind of byte */
    uint32_t right;                      /* as the right side */
    uint32_t right_after_ascii;          /* the same where the left side ends in ASCII, */
    uint32_t right_after_other;          /* or does not */
} lowest;

static void lower(uint32_t *least, uint32_t rank) {
    if (rank < *least) *least = rank;
}

static void scan_pairs(const fm_tokenizer *t, lowest *of) {
    memset(of, 0xff, (size_t)t->vocab_size * sizeof *of);
    for (size_t i = 0; i < t->pair_slots; i++) {
        if (t->pairs[i] == UINT64_MAX) continue;
        uint32_t left = (uint32_t)(t->pairs[i] >> 44), right = (uint32_t)(t->pairs[i] >> 24) & 0xfffff;
        uint32_t rank = (uint32_t)t->pairs[i] & 0xffffff;
        uint8_t last = (uint8_t)t->bytes.data[t->offsets[left] + t->sizes[left] - 1];
        uint8_t next = (uint8_t)t->bytes.data[t->offsets[right]];
        lower(&of[left].left, rank);
        lower(&of[right].right, rank);
        lower(last < 0x80 ? &of[right].right_after_ascii : &of[right].right_after_other, rank);
        if ((next & 0xc0) != 0x80) lower(&of[left].left_before[fm_next_kind(next)], rank);
    }
}

/* Merges 2 or 3 bytes; true with the highest rank used when they become one token. */
static bool merge_alone(const fm_tokenizer *t, const uint8_t *p, int size, uint32_t *highest) {
    int32_t ids[3];
    *highest = 0;
    for (int i = 0; i < size; i++)
        if ((ids[i] = t->byte_id[p[i]]) < 0) return false;
    for (; size > 1; size--) {
        uint32_t first = fm_pair_rank(t, (uint32_t)ids[0], (uint32_t)ids[1]);
        uint32_t second = size == 3 ? fm_pair_rank(t, (uint32_t)ids[1], (uint32_t)ids[2]) : FM_NO_RANK;
        uint32_t rank = first <= second ? first : second;
        if (rank == FM_NO_RANK) return false;
        if (rank > *highest) *highest = rank;
        int at = first <= second ? 0 : 1;
        ids[at] = fm_merge_result(t, rank);
        if (at == 0) ids[1] = ids[2];
    }
    return true;
}

/* The entry of t->chars for the character p[0..size), which is token `id`. */
static uint32_t char_entry(const fm_tokenizer *t, const lowest *of, int32_t id, const uint8_t *p, int size) {
    uint32_t highest, entry = (uint32_t)id;
    if (!merge_alone(t, p, size, &highest)) return FM_CHAR_NONE;
    if (of[id].left <= highest || of[id].right <= highest) return FM_CHAR_NONE;
    for (int cut = 1; cut < size; cut++) {
        int32_t prefix = fm_word_find(t, p, (size_t)cut, fm_word_hash(p, (size_t)cut));
        int32_t suffix =
            fm_word_find(t, p + cut, (size_t)(size - cut), fm_word_hash(p + cut, (size_t)(size - cut)));
        if (prefix >= 0 && of[prefix].right_after_other <= highest) return FM_CHAR_NONE;
        if (prefix >= 0 && of[prefix].right_after_ascii <= highest) entry |= FM_CHAR_NOT_AFTER_ASCII;
        for (int kind = 0; suffix >= 0 && kind < FM_NEXT_KINDS; kind++)
            if (of[suffix].left_before[kind] <= highest) entry |= FM_CHAR_NOT_BEFORE << kind;
    }
    return entry;
}

fm_status fm_tokenizer_find_chars(fm_tokenizer *t, fm_error *err) {
    lowest *of = malloc((size_t)t->vocab_size * sizeof *of);
    t->chars = malloc(FM_CHARS * sizeof *t->chars);
    if (of == NULL || t->chars == NULL) {
        free(of);
        return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for the table of characters", t->name);
    }
    memset(t->chars, 0xff, FM_CHARS * sizeof *t->chars);
    scan_pairs(t, of);
    for (int32_t id = 0; id < t->vocab_size; id++) {
        uint32_t size = t->sizes[id], code;
        if (!(t->flags[id] & FM_TOKEN_WORD) || size < 2 || size > 3) continue;
        const uint8_t *p = (const uint8_t *)t->bytes.data + t->offsets[id];
        if (fm_utf8_decode(p, p + size, &code) == size) t->chars[code] = char_entry(t, of, id, p, (int)size);
    }
    free(of);
    return FM_OK;
}
